using Microsoft.Extensions.Options;
using Streaming.Core.Data;
using Streaming.Core.Sessions;
using Streaming.WebhookWorker.Leading;

namespace Streaming.WebhookWorker.Broadcasting;

/// <summary>Ends sessions whose reconnect window has passed. It asks nobody but the database, so that a LiveKit which does not answer delays it by nothing.</summary>
internal sealed partial class SessionEnds(Conclusions conclusions, IOptions<BroadcastingOptions> options, TimeProvider time, ILogger<SessionEnds> log) : ILeaderDuty
{
    public async Task Run(CancellationToken ct)
    {
        using var timer = new PeriodicTimer(options.Value.RulesEvery, time);
        do
        {
            try
            {
                if (await conclusions.Write(ct) is > 0 and var ended) Log.Ended(log, ended);
            }
            catch (Exception e) when (Failures.IsTransient(e))
            {
                Log.Postponed(log, e.GetType().Name);
            }
        }
        while (await timer.WaitForNextTickAsync(ct));
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "{Count} sessions are over: nobody came back within the reconnect window")]
        public static partial void Ended(ILogger logger, int count);

        [LoggerMessage(Level = LogLevel.Information, Message = "Ending sessions is postponed ({Failure})")]
        public static partial void Postponed(ILogger logger, string failure);
    }
}
