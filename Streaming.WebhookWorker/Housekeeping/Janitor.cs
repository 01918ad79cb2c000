using StackExchange.Redis;
using Streaming.Core.Data;
using Streaming.Core.Events;
using Streaming.Core.Sessions;
using Streaming.WebhookWorker.Leading;

namespace Streaming.WebhookWorker.Housekeeping;

/// <summary>Each hour forgets what is too old to matter.</summary>
internal sealed partial class Janitor(Retention retention, Audiences audiences, TimeProvider time, ILogger<Janitor> log) : ILeaderDuty
{
    private static readonly TimeSpan Every = TimeSpan.FromHours(1);

    public async Task Run(CancellationToken ct)
    {
        using var timer = new PeriodicTimer(Every, time);
        while (await timer.WaitForNextTickAsync(ct))
        {
            try
            {
                await audiences.Settle(ct); // they are made of what is forgotten next
                Log.Swept(log, await retention.DeleteOldRows(ct), await retention.DeleteIdleConsumerNames(Retention.Consumers));
            }
            catch (Exception e) when (Failures.IsOfRedis(e) || Failures.IsTransient(e))
            {
                Log.Postponed(log, e.GetType().Name);
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Forgot {Rows} rows and {Consumers} names of workers")]
        public static partial void Swept(ILogger logger, long rows, long consumers);

        [LoggerMessage(Level = LogLevel.Information, Message = "Sweeping is postponed ({Failure})")]
        public static partial void Postponed(ILogger logger, string failure);
    }
}
