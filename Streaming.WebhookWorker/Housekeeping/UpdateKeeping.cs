using Streaming.Core.Data;
using Streaming.Core.LiveUpdates;
using Streaming.WebhookWorker.Leading;

namespace Streaming.WebhookWorker.Housekeeping;

/// <summary>Forgets the live updates that nobody can come back to any more.</summary>
internal sealed partial class UpdateKeeping(UpdateLog updates, TimeProvider time, ILogger<UpdateKeeping> log) : ILeaderDuty
{
    private static readonly TimeSpan Every = TimeSpan.FromMinutes(1);

    public async Task Run(CancellationToken ct)
    {
        using var timer = new PeriodicTimer(Every, time);
        while (await timer.WaitForNextTickAsync(ct))
        {
            try
            {
                await updates.Forget(ct);
            }
            catch (Exception e) when (Failures.IsTransient(e))
            {
                Log.Postponed(log, e.GetType().Name);
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Forgetting live updates is postponed ({Failure})")]
        public static partial void Postponed(ILogger logger, string failure);
    }
}
