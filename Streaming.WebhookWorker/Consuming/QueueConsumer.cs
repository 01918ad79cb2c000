using System.Globalization;
using Microsoft.Extensions.Options;
using StackExchange.Redis;
using Streaming.Core.Data;
using Streaming.Core.Events;

namespace Streaming.WebhookWorker.Consuming;

/// <summary>Reads the Redis stream as one of a group of competing workers, and takes over what a dead one left.</summary>
internal sealed partial class QueueConsumer(
    EventQueue queue, EventProcessor processor, WorkerPulse pulse, IOptions<ConsumingOptions> options, TimeProvider time, ILogger<QueueConsumer> log)
    : BackgroundService
{
    private static readonly TimeSpan BeatEvery = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan PauseAfterFailure = TimeSpan.FromSeconds(1);

    /// <summary>New each start: entries of an earlier life are claimed like those of any dead worker.</summary>
    private readonly string _consumer = string.Create(CultureInfo.InvariantCulture, $"{Environment.MachineName}:{Environment.ProcessId}:{Random.Shared.Next():x8}");

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        Log.Started(log, _consumer);
        var lanes = Enumerable.Range(0, options.Value.Lanes).Select(_ => Repeat(ReadOnce, TimeSpan.Zero, stoppingToken));
        await Task.WhenAll([.. lanes, Repeat(ClaimOnce, options.Value.ClaimEvery, stoppingToken), Repeat(BeatOnce, BeatEvery, stoppingToken)]);
        await processor.Finish();
    }

    private async Task ReadOnce(CancellationToken ct)
    {
        var batch = await queue.Read(_consumer, options.Value.BatchSize);
        if (batch.Count == 0) await Task.Delay(options.Value.IdlePause, time, ct);
        else await processor.Process(batch, queue.Done, CancellationToken.None); // what has been read is finished, also at shutdown
    }

    private async Task ClaimOnce(CancellationToken ct)
    {
        var claimed = await queue.Claim(_consumer, options.Value.Lease, options.Value.BatchSize);
        if (claimed.Count == 0) return;

        Log.Claimed(log, claimed.Count);
        var deliveries = await queue.DeliveryCounts(_consumer, options.Value.BatchSize * options.Value.Lanes * 2);
        var crashing = claimed.Where(e => deliveries.GetValueOrDefault(e.EntryId) >= options.Value.MaxDeliveries).ToList();
        foreach (var entry in crashing) await processor.Bury(entry, "crashed the worker", options.Value.MaxDeliveries, queue.Done, ct);
        await processor.Process([.. claimed.Except(crashing)], queue.Done, ct);
    }

    private async Task BeatOnce(CancellationToken ct)
    {
        await queue.EnsureGroup(); // the pulse says that the queue is read, so it asks the queue first
        await pulse.Beat(ct);
    }

    /// <summary>Whatever goes wrong in one round is said and tried again in the next: the loop ends at shutdown alone.</summary>
    private async Task Repeat(Func<CancellationToken, Task> round, TimeSpan every, CancellationToken ct)
    {
        while (!ct.IsCancellationRequested)
        {
            try
            {
                await round(ct);
                if (every > TimeSpan.Zero) await Task.Delay(every, time, ct);
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                await Recover(e, ct);
            }
        }
    }

    private async Task Recover(Exception e, CancellationToken ct)
    {
        try
        {
            if (e is RedisServerException server && EventQueue.IsGroupMissing(server))
            {
                await queue.EnsureGroup();
                return;
            }

            if (e is RedisException or TimeoutException) Log.RedisAway(log, e.GetType().Name);
            else if (Failures.IsTransient(e)) Log.DatabaseAway(log, e.GetType().Name);
            else Log.RoundFailed(log, e);
            await Task.Delay(PauseAfterFailure, time, ct);
        }
        catch (Exception again) when (again is OperationCanceledException or RedisException or TimeoutException)
        {
            // The next round meets it again.
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Reading the event queue as {Consumer}")]
        public static partial void Started(ILogger logger, string consumer);

        [LoggerMessage(Level = LogLevel.Information, Message = "Took over {Count} events that another worker left")]
        public static partial void Claimed(ILogger logger, int count);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Redis is away ({Failure}): waiting")]
        public static partial void RedisAway(ILogger logger, string failure);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Postgres is away ({Failure}): waiting")]
        public static partial void DatabaseAway(ILogger logger, string failure);

        [LoggerMessage(Level = LogLevel.Error, Message = "A round of the consumer failed")]
        public static partial void RoundFailed(ILogger logger, Exception failure);
    }
}
