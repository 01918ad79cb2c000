using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.Options;
using Npgsql;
using StackExchange.Redis;
using Streaming.Core;
using Streaming.Core.Data;
using Streaming.Core.Events;
using Streaming.WebhookWorker.Enforcing;

namespace Streaming.WebhookWorker.Consuming;

/// <summary>
/// Takes events to their one end: applied, known no-op, or dead letter. Writes first, acknowledges second; an outage of the
/// database costs no event an attempt; an event that fails by itself delays no other.
/// </summary>
internal sealed partial class EventProcessor(
    EventApplier applier,
    DeadLetters deadLetters,
    ViewerCountRefresher viewers,
    NpgsqlDataSource database,
    Recoveries recoveries,
    Newcomers newcomers,
    IOptions<ConsumingOptions> options,
    TimeProvider time,
    ILogger<EventProcessor> log)
{
    private static readonly TimeSpan[] Pauses = [.. new[] { 0.1, 0.2, 0.5, 1, 2, 5 }.Select(TimeSpan.FromSeconds)];

    private readonly ConcurrentDictionary<string, Task> _parked = new();

    /// <summary>Entries being worked on: one that is handed out again meanwhile is left to whoever has it.</summary>
    private readonly ConcurrentDictionary<string, byte> _inHand = new();

    /// <param name="done">Removes entries from where they came from; called after their outcome is committed.</param>
    public async Task Process(IReadOnlyCollection<QueuedEvent> batch, Func<IReadOnlyCollection<string>, Task> done, CancellationToken ct)
    {
        var mine = batch.Where(e => _inHand.TryAdd(e.EntryId, 0)).ToList();
        try
        {
            if (mine.Count > 0) await Settle(mine, done, ct);
        }
        finally
        {
            foreach (var entry in mine.Where(e => !_parked.ContainsKey(e.EntryId))) _inHand.TryRemove(entry.EntryId, out _);
        }
    }

    /// <summary>Whether this worker is at it, or tries it again by and by.</summary>
    public bool IsInHand(QueuedEvent entry) => _inHand.ContainsKey(entry.EntryId);

    private async Task Settle(List<QueuedEvent> batch, Func<IReadOnlyCollection<string>, Task> done, CancellationToken ct)
    {
        var readable = batch.Where(e => e.Event.Unreadable is null).ToList();
        if (readable.Count > 0) await Divide(readable, done, ct);
        foreach (var entry in batch.Where(e => e.Event.Unreadable is not null)) await Bury(entry, entry.Event.Unreadable!, 1, done, ct);
    }

    /// <summary>Where a batch fails, one of it is bad or we are wrong about it: halves are tried until it stands alone, so that the others hardly wait for it.</summary>
    private async Task Divide(List<QueuedEvent> batch, Func<IReadOnlyCollection<string>, Task> done, CancellationToken ct)
    {
        if (await TryApply(batch, ct) is not { } failure)
        {
            await done([.. batch.Select(e => e.EntryId)]);
        }
        else if (batch.Count == 1)
        {
            Park(batch[0], done, failure, ct);
        }
        else
        {
            Log.BatchFailed(log, batch.Count, failure.GetType().Name);
            await Divide(batch[..(batch.Count / 2)], done, ct);
            await Divide(batch[(batch.Count / 2)..], done, ct);
        }
    }

    /// <summary>Without a try: it has been handed out so often that it must be what ends the worker.</summary>
    public async Task Bury(QueuedEvent entry, string reason, int attempts, Func<IReadOnlyCollection<string>, Task> done, CancellationToken ct)
    {
        await WhenHealthy(() => deadLetters.Add(entry, reason, attempts, ct), ct);
        await done([entry.EntryId]);
        Telemetry.Processed.Add(1, new KeyValuePair<string, object?>("outcome", "dead"));
        Log.Dead(log, entry.Event.Id, reason);
    }

    /// <summary>Waits for the events that are being retried.</summary>
    public Task Finish() => Task.WhenAll(_parked.Values);

    private void Park(QueuedEvent entry, Func<IReadOnlyCollection<string>, Task> done, Exception failure, CancellationToken ct)
    {
        var parked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _parked[entry.EntryId] = parked.Task; // before the retries begin: they may be over before this method is
        _ = Run();

        async Task Run()
        {
            await Retry(entry, done, failure, ct);
            _parked.TryRemove(entry.EntryId, out _);
            _inHand.TryRemove(entry.EntryId, out _);
            parked.SetResult();
        }
    }

    private async Task Retry(QueuedEvent entry, Func<IReadOnlyCollection<string>, Task> done, Exception failure, CancellationToken ct)
    {
        try
        {
            for (var attempt = 2; attempt <= options.Value.MaxAttempts; attempt++)
            {
                await Task.Delay(Pauses[Math.Min(attempt, Pauses.Length - 1)], time, ct);
                if (await TryApply([entry], ct) is { } again)
                {
                    failure = again;
                    continue;
                }

                await done([entry.EntryId]);
                return;
            }

            await Bury(entry, ReasonOf(failure), options.Value.MaxAttempts, done, ct);
        }
        catch (Exception e)
        {
            Log.LeftPending(log, entry.Event.Id, e.GetType().Name); // and is handed out again
        }
    }

    /// <returns>Null when the batch is committed; else why it cannot be, which is no outage.</returns>
    private async Task<Exception?> TryApply(IReadOnlyCollection<QueuedEvent> batch, CancellationToken ct)
    {
        var spans = StartSpans(batch);
        try
        {
            AppliedBatch applied = null!;
            await WhenHealthy(async () => applied = await applier.Apply(batch, ct), ct);
            newcomers.Note(batch);
            Count(batch, applied);
            viewers.Due(applied.Channels);
            Log.Applied(log, applied.Outcomes.Applied, batch.Count - (int)applied.Outcomes.Applied);
            return null;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            return e;
        }
        finally
        {
            foreach (var span in spans) span.Dispose();
        }
    }

    /// <summary>Repeats the work for as long as only the database's health stands in its way.</summary>
    private async Task WhenHealthy(Func<Task> work, CancellationToken ct)
    {
        for (var failures = 0; ; failures++)
        {
            try
            {
                await work();
                return;
            }
            catch (Exception e) when (Failures.IsTransient(e) && !ct.IsCancellationRequested)
            {
                Log.DatabaseUnwell(log, e.GetType().Name);
                await UntilHealthy(failures, ct);
            }
        }
    }

    private async Task UntilHealthy(int failures, CancellationToken ct)
    {
        for (; ; failures++)
        {
            await Task.Delay(Pauses[Math.Min(failures, Pauses.Length - 1)], time, ct);
            try
            {
                await using var probe = database.CreateCommand("select 1");
                await probe.ExecuteScalarAsync(ct);
                recoveries.Announce();
                return;
            }
            catch (Exception e) when (Failures.IsTransient(e))
            {
                // Still away.
            }
        }
    }

    private void Count(IReadOnlyCollection<QueuedEvent> batch, AppliedBatch applied)
    {
        Telemetry.Processed.Add(applied.Outcomes.Applied, new KeyValuePair<string, object?>("outcome", "applied"));
        Telemetry.Processed.Add(applied.Outcomes.Superseded, new KeyValuePair<string, object?>("outcome", "superseded"));
        Telemetry.Processed.Add(applied.Outcomes.Skipped, new KeyValuePair<string, object?>("outcome", "skipped"));
        Telemetry.Processed.Add(applied.Outcomes.Duplicate, new KeyValuePair<string, object?>("outcome", "duplicate"));
        var now = time.GetUtcNow();
        foreach (var entry in batch) Telemetry.ApplyLag.Record((now - entry.ReceivedAt).TotalSeconds);
    }

    private static List<Activity> StartSpans(IReadOnlyCollection<QueuedEvent> batch)
    {
        if (!Telemetry.Source.HasListeners()) return [];
        var spans = new List<Activity>(batch.Count);
        foreach (var entry in batch)
        {
            ActivityContext.TryParse(entry.TraceParent, null, isRemote: true, out var webhook);
            if (Telemetry.Source.StartActivity($"apply {entry.Event.Kind}", ActivityKind.Consumer, webhook) is not { } span) continue;
            span.SetTag("livekit.event.id", entry.Event.Id);
            spans.Add(span);
        }

        return spans;
    }

    /// <summary>What the database said, without what it quoted.</summary>
    private static string ReasonOf(Exception e) => e is PostgresException postgres ? $"the database refuses it ({postgres.SqlState})" : $"applying it failed ({e.GetType().Name})";

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "The retry of {EventId} was broken off ({Failure}): it stays pending")]
        public static partial void LeftPending(ILogger logger, string eventId, string failure);

        [LoggerMessage(Level = LogLevel.Debug, Message = "Applied {Applied} events; {Others} told nothing new")]
        public static partial void Applied(ILogger logger, long applied, int others);

        [LoggerMessage(Level = LogLevel.Warning, Message = "A batch of {Count} events failed ({Failure}): its halves are tried")]
        public static partial void BatchFailed(ILogger logger, int count, string failure);

        [LoggerMessage(Level = LogLevel.Error, Message = "Event {EventId} is a dead letter: {Reason}")]
        public static partial void Dead(ILogger logger, string eventId, string reason);

        [LoggerMessage(Level = LogLevel.Warning, Message = "The database is unwell ({Failure}): waiting, nothing is lost")]
        public static partial void DatabaseUnwell(ILogger logger, string failure);
    }
}
