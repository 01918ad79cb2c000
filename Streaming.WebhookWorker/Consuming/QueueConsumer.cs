using System.Globalization;
using System.Threading.Channels;
using Microsoft.Extensions.Options;
using StackExchange.Redis;
using Streaming.Core.Data;
using Streaming.Core.Events;

namespace Streaming.WebhookWorker.Consuming;

/// <summary>
/// Reads the Redis stream as one of a group of competing workers, and takes over what a dead one left. What it reads goes into lanes by
/// channel: two transactions of one worker then never wait for each other's channels. Nothing depends on it, since another worker's may.
/// </summary>
internal sealed partial class QueueConsumer(
    EventQueue queue, EventProcessor processor, Accounting accounting, WorkerPulse pulse, Recoveries recoveries, IOptions<ConsumingOptions> options, TimeProvider time, ILogger<QueueConsumer> log)
    : BackgroundService
{
    private static readonly TimeSpan BeatEvery = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan PauseAfterFailure = TimeSpan.FromSeconds(1);

    /// <summary>Entries handed out this often are tried one by one: one of them may be what ends the workers, and would take the others with it.</summary>
    private const int Suspicious = 3;

    /// <summary>More than one worker ever holds.</summary>
    private const int MostPending = 100_000;

    /// <summary>New each start: entries of an earlier life are claimed like those of any dead worker.</summary>
    private readonly string _consumer = string.Create(CultureInfo.InvariantCulture, $"{Environment.MachineName}:{Environment.ProcessId}:{Random.Shared.Next():x8}");

    /// <summary>Room for events that are read and not yet at their end.</summary>
    private readonly SemaphoreSlim _free = new(options.Value.InHand);

    /// <summary>Redis failed: entries may have been handed to us in an answer that never arrived, or be done and not yet removed.</summary>
    private volatile bool _mayHoldUnknown;

    /// <summary>Redis may have begun a life for which the books have no chapter yet.</summary>
    private volatile bool _isNewLife = true;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        Log.Started(log, _consumer);
        var lanes = Enumerable.Range(0, options.Value.Lanes).Select(_ => Channel.CreateUnbounded<QueuedEvent>()).ToArray(); // what they hold is bounded by _free
        await Task.WhenAll(
        [
            ReadInto(lanes, stoppingToken), .. lanes.Select(lane => Work(lane.Reader, stoppingToken)),
            Repeat(ClaimOnce, options.Value.ClaimEvery, stoppingToken), Repeat(BeatOnce, BeatEvery, stoppingToken),
        ]);
        await processor.Finish();
    }

    public override void Dispose()
    {
        _free.Dispose();
        base.Dispose();
    }

    private async Task ReadInto(Channel<QueuedEvent>[] lanes, CancellationToken ct)
    {
        await Repeat(stop => ReadOnce(lanes, stop), TimeSpan.Zero, ct);
        foreach (var lane in lanes) lane.Writer.Complete();
    }

    private async Task ReadOnce(Channel<QueuedEvent>[] lanes, CancellationToken ct)
    {
        if (_isNewLife) await OpenBooks(ct);
        await _free.WaitAsync(ct);
        var room = 1;
        while (room < options.Value.BatchSize && _free.Wait(0, CancellationToken.None)) room++; // an answer with more would take the more memory
        var read = 0;
        try
        {
            foreach (var entry in await queue.Read(_consumer, room))
            {
                await lanes[(uint)entry.Event.ChannelId.GetHashCode() % lanes.Length].Writer.WriteAsync(entry, CancellationToken.None);
                read++;
            }
        }
        finally
        {
            if (read < room) _free.Release(room - read);
        }

        if (read == 0) await Task.Delay(options.Value.IdlePause, time, ct);
    }

    /// <summary>With nothing in hand: what is settled and not yet removed would be counted as received twice.</summary>
    private async Task OpenBooks(CancellationToken ct)
    {
        var held = 0;
        try
        {
            for (; held < options.Value.InHand; held++) await _free.WaitAsync(ct);
            _isNewLife = false;
            if (!await accounting.Open(ct)) _isNewLife = true; // and if another has begun meanwhile, it stays said
        }
        catch
        {
            _isNewLife = true;
            throw;
        }
        finally
        {
            if (held > 0) _free.Release(held);
        }
    }

    /// <summary>What has been read is finished, also at shutdown.</summary>
    private async Task Work(ChannelReader<QueuedEvent> lane, CancellationToken ct)
    {
        while (await lane.WaitToReadAsync(CancellationToken.None))
        {
            var batch = new List<QueuedEvent>();
            while (batch.Count < options.Value.BatchSize && lane.TryRead(out var entry)) batch.Add(entry);
            try
            {
                await processor.Process(batch, queue.Done, CancellationToken.None);
            }
            catch (Exception e)
            {
                await Recover(e, ct);
            }
            finally
            {
                _free.Release(batch.Count);
            }
        }
    }

    private async Task ClaimOnce(CancellationToken ct)
    {
        var claimed = (await queue.Claim(_consumer, options.Value.Lease, options.Value.BatchSize)).Where(e => !processor.IsInHand(e)).ToList();
        if (claimed.Count == 0) return;

        Log.Claimed(log, claimed.Count);
        var deliveries = await queue.DeliveryCounts(_consumer, MostPending);
        var crashing = claimed.Where(e => deliveries.GetValueOrDefault(e.EntryId) >= options.Value.MaxDeliveries).ToList();
        foreach (var entry in crashing) await processor.Bury(entry, "crashed the worker", options.Value.MaxDeliveries, queue.Done, ct);
        var suspicious = claimed.Except(crashing).Where(e => deliveries.GetValueOrDefault(e.EntryId) >= Suspicious).ToArray();
        Random.Shared.Shuffle(suspicious); // those behind the bad one must not always be the same
        foreach (var entry in suspicious) await processor.Process([entry], queue.Done, ct);
        await processor.Process([.. claimed.Except(crashing).Except(suspicious)], queue.Done, ct);
    }

    /// <summary>The pulse says that the queue is read, so it asks the queue first.</summary>
    private async Task BeatOnce(CancellationToken ct)
    {
        await queue.EnsureGroup();
        if (!await accounting.KnowsLife()) _isNewLife = true;
        if (_mayHoldUnknown) await TakeUpAgain(ct);
        await pulse.Beat(ct);
    }

    /// <summary>Without waiting for the lease: nobody knows better than we that we do not work on them.</summary>
    private async Task TakeUpAgain(CancellationToken ct)
    {
        _mayHoldUnknown = false;
        for (var after = "0-0"; await queue.ReadAgain(_consumer, after, options.Value.BatchSize) is { Count: > 0 } held; after = held[^1].EntryId)
            await processor.Process(held, queue.Done, ct);
        recoveries.Announce();
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
                _isNewLife = true;
                await queue.EnsureGroup();
                recoveries.Announce(); // an emptied Redis has lost events that only LiveKit's answer makes good
                return;
            }

            if (Failures.IsOfRedis(e))
            {
                _mayHoldUnknown = true;
                Log.RedisAway(log, e.GetType().Name);
            }
            else if (Failures.IsTransient(e)) Log.DatabaseAway(log, e.GetType().Name);
            else Log.RoundFailed(log, e);
            await Task.Delay(PauseAfterFailure, time, ct);
        }
        catch (Exception again) when (again is OperationCanceledException || Failures.IsOfRedis(again) || Failures.IsTransient(again))
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
