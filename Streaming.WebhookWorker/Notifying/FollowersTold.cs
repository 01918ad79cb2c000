using Microsoft.Extensions.Options;
using Streaming.Core.Data;
using Streaming.Core.Social;
using Streaming.WebhookWorker.Leading;

namespace Streaming.WebhookWorker.Notifying;

/// <summary>Has followers told who went live, a piece at a time and never in a hurry: a hundred thousand of them take some seconds, and no event waits.</summary>
internal sealed partial class FollowersTold(GoLiveNotices notices, IOptions<NotifyingOptions> options, TimeProvider time, ILogger<FollowersTold> log) : ILeaderDuty
{
    public async Task Run(CancellationToken ct)
    {
        var lookDue = time.GetUtcNow();
        while (true)
        {
            var pause = options.Value.Every;
            try
            {
                if (time.GetUtcNow() >= lookDue)
                {
                    await Look(ct);
                    lookDue = time.GetUtcNow() + options.Value.Every;
                }

                if (await notices.TellSome(options.Value.BatchSize, ct) is not null) pause = options.Value.Pause;
            }
            catch (Exception e) when (Failures.IsTransient(e))
            {
                Log.Postponed(log, e.GetType().Name);
            }

            await Task.Delay(pause, time, ct);
        }
    }

    private async Task Look(CancellationToken ct)
    {
        await notices.Close(ct);
        if (await notices.Open(ct) is > 0 and var opened) Log.Opened(log, opened);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "The followers of {Count} broadcasts are told of them")]
        public static partial void Opened(ILogger logger, int count);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Telling followers who went live is postponed ({Failure})")]
        public static partial void Postponed(ILogger logger, string failure);
    }
}
