using Microsoft.Extensions.Options;
using Streaming.Core.Data;
using Streaming.Core.LiveKit;
using Streaming.Core.Streams;
using Streaming.WebhookWorker.Leading;

namespace Streaming.WebhookWorker.Reconciling;

/// <summary>
/// Sees to it that keys in LiveKit are as our records want them: what an API process could not tell LiveKit, because LiveKit was away or the process
/// died, and what is due by the clock. Also writes down what encoders did with them.
/// </summary>
internal sealed partial class KeyKeeper(
    KeyEnforcement keys, KeyRemoval removal, KeyUseLedger uses, IOptions<ReconcilingOptions> options, TimeProvider time, ILogger<KeyKeeper> log) : ILeaderDuty
{
    public async Task Run(CancellationToken ct)
    {
        var isReachable = true;
        using var timer = new PeriodicTimer(options.Value.KeysEvery, time);
        while (await timer.WaitForNextTickAsync(ct))
        {
            try
            {
                await uses.Write(ct);
                await keys.EnforceDue(ct);
                await removal.RemoveReplaced(ct);
                isReachable = true;
            }
            catch (Exception e) when (e is LiveKitException || Failures.IsTransient(e))
            {
                if (isReachable) Log.Postponed(log, e.GetType().Name);
                isReachable = false;
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "LiveKit's keys cannot be brought in line ({Failure}): tried again until they are")]
        public static partial void Postponed(ILogger logger, string failure);
    }
}
