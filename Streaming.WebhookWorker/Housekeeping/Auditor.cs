using StackExchange.Redis;
using Streaming.Core;
using Streaming.Core.Data;
using Streaming.Core.Events;
using Streaming.WebhookWorker.Leading;

namespace Streaming.WebhookWorker.Housekeeping;

/// <summary>Each minute reads the books, and says so when an event was lost or had its effect twice.</summary>
internal sealed partial class Auditor(Accounting accounting, DeadLetters deadLetters, WorkerPulse pulse, TimeProvider time, ILogger<Auditor> log) : ILeaderDuty
{
    private static readonly TimeSpan Every = TimeSpan.FromMinutes(1);

    public async Task Run(CancellationToken ct)
    {
        using var timer = new PeriodicTimer(Every, time);
        do
        {
            try
            {
                var account = await accounting.Read(ct);
                Telemetry.QueueDepth.Record(account.InQueue);
                Telemetry.SpoolDepth.Record(account.InSpool);
                Telemetry.DeadLetters.Record(await deadLetters.Count(ct));
                Telemetry.StaleStreams.Record(await pulse.StaleStreams(ct));
                Telemetry.Unbalanced.Record(account is { IsOpen: true, IsBalanced: false } ? 1 : 0);
                if (account is { IsOpen: true, IsBalanced: false }) Log.Unbalanced(log, account.Received, account.Outcomes.Total, account.Removed);
            }
            catch (Exception e) when (Failures.IsOfRedis(e) || Failures.IsTransient(e))
            {
                Log.Postponed(log, e.GetType().Name);
            }
        }
        while (await timer.WaitForNextTickAsync(ct));
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "The books do not balance: {Received} received, {Settled} came to an end, {Removed} left the queue")]
        public static partial void Unbalanced(ILogger logger, long received, long settled, long removed);

        [LoggerMessage(Level = LogLevel.Information, Message = "Reading the books is postponed ({Failure})")]
        public static partial void Postponed(ILogger logger, string failure);
    }
}
