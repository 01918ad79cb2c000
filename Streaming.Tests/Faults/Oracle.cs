using System.Diagnostics;
using System.Globalization;
using Npgsql;
using StackExchange.Redis;
using Streaming.Core.Events;
using Streaming.Core.Viewers;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Faults;

/// <summary>
/// Knows from the history what must be so now: each accepted event has had its effect once or is a dead letter, the state is that of the same
/// events told once and in order to an empty database, nothing is left lying about, and no secret was written down.
/// </summary>
public sealed class Oracle(FaultSystem system, History history)
{
    private const int Shown = 3;

    private readonly List<string> _violations = [];

    /// <summary>How long what is waiting may take to be applied.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(system.Run.Size == FaultSize.Small ? 10 : 30);

    /// <summary>Whether counts in the cache are looked at. With Redis hurt they may be old until they expire.</summary>
    public bool CacheIsCurrent { get; init; } = true;

    /// <summary>How long after a commit a cached count may be the one before it.</summary>
    public TimeSpan CountsWithin { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>The same where workers are killed: one that dies between its commit and the count leaves the old number until it expires.</summary>
    public static readonly TimeSpan CountsAfterACrash = ViewerCounts.CacheFor + TimeSpan.FromSeconds(1);

    /// <summary>Whether the group's lag is looked at. Redis counts as lagging what was deleted before a group that was made anew had read it.</summary>
    public bool LagIsExact { get; init; } = true;

    public async Task<Verdict> Judge(string faults)
    {
        await Quiet();
        var processed = (await system.Database.Rows("select event_id from processed_events")).ToHashSet();
        var dead = (await system.Database.Rows("select event_id from dead_letters")).ToHashSet();
        var told = history.Told;

        var lost = history.Accepted.Keys.Where(id => !processed.Contains(id) && !dead.Contains(id)).ToList();
        Complain(lost, "accepted events are lost");
        Complain(processed.Intersect(dead).ToList(), "events are both applied and dead");
        Complain(processed.Except(told.Select(w => w.Id)).ToList(), "applied events were never sent");

        var effects = await Sum("select coalesce(sum(applied + superseded + skipped), 0) from accounting");
        var doubled = effects - processed.Count;
        if (doubled != 0) _violations.Add($"{effects} outcomes are on the books for {processed.Count} events.");

        var books = await new Accounting(system.Database.Source, system.Connection).Read(CancellationToken.None);
        if (!books.IsBalanced || books.Pending != 0) _violations.Add($"The books do not balance: {books}.");

        var wrong = await CompareWithModel([.. told.Where(w => (processed.Contains(w.Id) || history.Accepted.ContainsKey(w.Id)) && !dead.Contains(w.Id))]);
        await NothingIsLeft();
        NoSecretIsInALog(told);

        var worst = await Sum("select coalesce(ceil(extract(epoch from max(processed_at - received_at)) * 1000), 0)::bigint from processed_events");
        return new Verdict(faults, told.Count, _violations, lost.Count, Math.Max(0, doubled), wrong, TimeSpan.FromMilliseconds(worst));
    }

    private async Task Quiet()
    {
        var deadline = TimeProvider.System.GetUtcNow() + Patience;
        while (true)
        {
            var left = (Waiting: await system.Waiting(), Pending: await system.Pending(), Spooled: await system.Count("webhook_spool"));
            if (left == (0, 0, 0)) return;
            if (TimeProvider.System.GetUtcNow() > deadline)
            {
                _violations.Add($"After {Patience.TotalSeconds} s {left.Waiting} events wait in the queue, {left.Pending} of them pending, and {left.Spooled} in the spool.");
                return;
            }

            await Task.Delay(50);
        }
    }

    private async Task<int> CompareWithModel(IReadOnlyList<Webhook> events)
    {
        await using var model = await TestDatabase.NewAsync();
        foreach (var table in new[] { "users", "channels", "ingresses" }) await Copy(table, model);
        var applier = new EventApplier(model.Source);
        foreach (var some in events.Chunk(256))
            await applier.Apply([.. some.Select(w => new QueuedEvent($"{w.Number}-0", w.Event, DateTimeOffset.UnixEpoch, null))], CancellationToken.None);

        var (expected, actual) = (await State(model), await State(system.Database));
        var (missing, odd) = (expected.Except(actual).ToList(), actual.Except(expected).ToList());
        Complain(missing, "rows of the model are missing");
        Complain(odd, "rows are not the model's");
        return Math.Max(missing.Count, odd.Count);
    }

    private async Task Copy(string table, TestDatabase model)
    {
        var rows = await system.Database.Rows($"select to_jsonb(t)::text from {table} t");
        await using var command = model.Source.CreateCommand($"insert into {table} select (jsonb_populate_record(null::{table}, row::jsonb)).* from unnest(@rows) as row");
        command.Parameters.AddWithValue("rows", rows.ToArray());
        await command.ExecuteNonQueryAsync();
    }

    private async Task<HashSet<string>> State(TestDatabase database)
    {
        var rows = new HashSet<string>();
        foreach (var query in new[]
        {
            """
            select 'segment', resource_id, channel_id, source, ingress_id, room_sid, started_at, stopped_at, left_at, is_displaced, failure, ended_at, end_reason, session_id is not null
            from ingest_segments
            """,
            "select 'session', channel_id, started_at, media_ended_at, end_reason, reconnect_window_seconds, reconnect_until from sessions",
            "select 'presence', participant_sid, room_sid, channel_id, role, person, joined_at, left_at from presences",
            "select 'room', room_sid, channel_id, started_at, finished_at from room_sessions",
            "select 'live', channel_id, count(*) from sessions where media_ended_at is null group by channel_id",
        }) rows.UnionWith(await database.Rows(query));

        var channels = (await database.Rows("select id from channels")).Select(Guid.Parse).ToList();
        var counts = await new ViewerCounts(database.Source, system.Connection, TimeProvider.System).Count(channels, CancellationToken.None);
        rows.UnionWith(counts.Select(c => $"viewers | {c.ChannelId} | {c.Viewers}"));
        if (CacheIsCurrent && database == system.Database) await CacheAgrees(counts);
        return rows;
    }

    /// <summary>Counts follow the commit, many batches together: so they are waited for.</summary>
    private async Task CacheAgrees(IReadOnlyList<ViewerCount> counts)
    {
        for (var watch = Stopwatch.StartNew(); ;)
        {
            var cached = await system.Connection.GetDatabase().StringGetAsync([.. counts.Select(c => (RedisKey)$"viewers:{c.ChannelId}")]);
            string[] wrong = [.. counts.Zip(cached).Where(c => (string?)c.Second is { } text && text.Split(':')[1] != $"{c.First.Viewers}").Select(c => $"{c.First.ChannelId}: {c.First.Viewers}, but {c.Second}")];
            if (wrong.Length > 0 && watch.Elapsed < CountsWithin)
            {
                await Task.Delay(100);
                continue;
            }

            Complain([.. wrong], "cached viewer counts are wrong");
            return;
        }
    }

    private async Task NothingIsLeft()
    {
        var redis = system.Connection.GetDatabase();
        if (!await redis.KeyExistsAsync(EventQueue.StreamKey)) return;
        foreach (var group in await redis.StreamGroupInfoAsync(EventQueue.StreamKey))
        {
            if (LagIsExact && group.Lag is > 0) _violations.Add($"The group lags {group.Lag} entries behind.");
            var consumers = await redis.StreamConsumerInfoAsync(EventQueue.StreamKey, group.Name);
            Complain([.. consumers.Where(c => c.PendingMessageCount > 0).Select(c => $"{c.Name}: {c.PendingMessageCount}")], "consumers have something pending");
        }
    }

    private void NoSecretIsInALog(IReadOnlyList<Webhook> told)
    {
        var secrets = told.SelectMany(w => w.Secrets).ToHashSet();
        foreach (var log in system.Logs)
        {
            if (secrets.FirstOrDefault(s => log.Contains(s, StringComparison.Ordinal)) is { } secret)
                _violations.Add($"The secret {secret[..4]}… of a webhook is in a log.");
        }
    }

    private async Task<long> Sum(string sql) => long.Parse((await system.Database.Rows(sql))[0], CultureInfo.InvariantCulture);

    private void Complain(IReadOnlyCollection<string> cases, string what)
    {
        if (cases.Count > 0) _violations.Add($"{cases.Count} {what}: {string.Join("; ", cases.Order(StringComparer.Ordinal).Take(Shown))}{(cases.Count > Shown ? "; …" : "")}");
    }
}
