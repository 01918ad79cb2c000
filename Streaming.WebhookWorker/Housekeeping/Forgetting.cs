using Streaming.Core.Data;
using Streaming.Core.LiveKit;
using Streaming.Core.Privacy;
using Streaming.WebhookWorker.Leading;

namespace Streaming.WebhookWorker.Housekeeping;

/// <summary>Fulfils the erasures that the API could not, because LiveKit was away or it died, and erases again what comes back of the erased.</summary>
internal sealed partial class Forgetting(Erasures erasures, TimeProvider time, ILogger<Forgetting> log) : ILeaderDuty
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(5);

    public async Task Run(CancellationToken ct)
    {
        using var timer = new PeriodicTimer(Every, time);
        do
        {
            try
            {
                await erasures.Sweep(ct);
            }
            catch (Exception e) when (e is LiveKitException || Failures.IsTransient(e))
            {
                Log.Postponed(log, e.GetType().Name);
            }
        }
        while (await timer.WaitForNextTickAsync(ct));
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Erasing is postponed ({Failure})")]
        public static partial void Postponed(ILogger logger, string failure);
    }
}
