using System.Text.Json;
using Npgsql;
using StackExchange.Redis;
using Streaming.Core.Events;
using Streaming.Core.LiveKit;
using Streaming.Core.Reconciling;
using Streaming.Core.Sessions;
using Streaming.Core.Viewers;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Convergence;

/// <param name="Number">Which of the teller's channels.</param>
internal readonly record struct Told(int Number, Step Step);

/// <summary>
/// Tells stories to thousands of channels at once, through the real applier: what happens on each becomes part of large batches, and
/// where they stand is read with a few statements.
/// </summary>
internal sealed class StoryTeller : IAsyncDisposable
{
    /// <summary>The ids of a story are followed by the number of the channel it is told to.</summary>
    private const char Mark = '~';

    private static readonly Cause Cause = new(ChangeCause.Api, new Dictionary<Guid, string>());

    private readonly TestDatabase _database;
    private readonly ConnectionMultiplexer _redis;
    private readonly EventApplier _applier;
    private readonly List<Guid> _channels = [];
    private int _entries;

    private StoryTeller(TestDatabase database, ConnectionMultiplexer redis)
    {
        (_database, _redis) = (database, redis);
        _applier = new EventApplier(database.Source);
    }

    public static async Task<StoryTeller> NewAsync()
    {
        var database = await TestDatabase.NewAsync();
        await Execute(database, """
            create function seconds(at timestamptz, zero timestamptz) returns text language sql immutable
            return coalesce(trim_scale(round(extract(epoch from at - zero), 3))::text, '?');
            create function named(id text) returns text language sql immutable return coalesce(split_part(id, '~', 1), '?')
            """);
        return new StoryTeller(database, await ConnectionMultiplexer.ConnectAsync((await RedisServer.Shared).ConnectionString));
    }

    /// <summary>Channels with two stream keys each, <c>IN_1</c> and <c>IN_2</c>. Their numbers go on from the last call's.</summary>
    public async Task<IReadOnlyList<int>> NewChannels(IReadOnlyCollection<int> reconnectWindows)
    {
        var first = _channels.Count;
        var ids = reconnectWindows.Select(_ => Guid.CreateVersion7()).ToArray();
        _channels.AddRange(ids);
        await Execute(_database, """
            create temp table made as select id, reconnect_window, number from unnest(@ids, @windows, @numbers) as made (id, reconnect_window, number);
            insert into users (id, created_at) select 'user-' || number, now() from made;
            insert into channels (id, user_id, title, is_chat_enabled, is_chat_delayed, is_chat_followers_only, reconnect_window_seconds, created_at, updated_at)
            select id, 'user-' || number, '', true, false, false, reconnect_window, now(), now() from made;
            insert into ingresses (id, channel_id, type, key_last4, key_sha256, created_at, is_enabled, is_primary, quality) select 'IN_' || key || '~' || number, id, 'RTMP', '', '', now(), true, key = 1, 'Auto' from made, generate_series(1, 2) as key;
            drop table made
            """,
            new("ids", ids), new("windows", reconnectWindows.ToArray()), new("numbers", Enumerable.Range(first, ids.Length).ToArray()));
        return [.. Enumerable.Range(first, ids.Length)];
    }

    /// <summary>One batch: in one transaction what LiveKit tells, in another what we delete.</summary>
    /// <returns>How many events had been applied before.</returns>
    public async Task<int> Tell(IReadOnlyCollection<Told> batch)
    {
        var deletions = batch.Where(t => t.Step.KeyDeletedAt is not null).DistinctBy(t => t.Number).ToList();
        if (deletions.Count > 0) await DeleteKeys(deletions);

        var cuts = batch.Where(t => t.Step.Cut is not null).Distinct().ToList();
        if (cuts.Count > 0) await CutOff(cuts);

        var events = batch.Where(t => t.Step.Event is not null).Select(Queued).ToList();
        if (events.Count == 0) return 0;
        var applied = await _applier.Apply(events, CancellationToken.None);
        Assert.Equal(events.Count, applied.Outcomes.Total);
        return (int)applied.Outcomes.Duplicate;
    }

    /// <summary>Where these channels stand: each ending with those that stand there.</summary>
    public async Task<IReadOnlyDictionary<string, IReadOnlyList<int>>> Endings(IReadOnlyCollection<int> numbers, DateTimeOffset zero)
    {
        var watching = await Watching(numbers);
        var states = new ChannelStates(_database.Source);
        var endings = new Dictionary<string, IReadOnlyList<int>>();
        foreach (var (rows, standing) in await Rows(numbers, zero))
        {
            foreach (var alike in standing.GroupBy(n => watching[n]))
            {
                // The live state is read from these rows alone: one channel's answer is that of all with the same.
                var state = await states.OfOwner($"user-{alike.First()}", CancellationToken.None);
                endings.Add($"{rows}\n{state!.State}, {alike.Key} watching", [.. alike]);
            }
        }

        return endings;
    }

    /// <summary>What those who follow these channels were told, in order, and where each stands.</summary>
    public async Task<IReadOnlyDictionary<int, (ChannelState State, IReadOnlyList<(string Type, JsonElement Body)> Updates)>> Told(IReadOnlyCollection<int> numbers)
    {
        var updates = new List<(Guid Channel, string Type, JsonElement Body)>();
        await using (var command = _database.Source.CreateCommand("select channel_id, type, body::text from updates where channel_id = any(@channels) order by id"))
        {
            command.Parameters.AddWithValue("channels", numbers.Select(n => _channels[n]).ToArray());
            await using var row = await command.ExecuteReaderAsync();
            while (await row.ReadAsync()) updates.Add((row.GetGuid(0), row.GetString(1), JsonDocument.Parse(row.GetString(2)).RootElement));
        }

        var byChannel = updates.ToLookup(u => u.Channel, u => (u.Type, u.Body));
        var states = new ChannelStates(_database.Source);
        var told = new Dictionary<int, (ChannelState, IReadOnlyList<(string, JsonElement)>)>();
        foreach (var number in numbers) told.Add(number, ((await states.OfOwner($"user-{number}", CancellationToken.None))!, [.. byChannel[_channels[number]]]));
        return told;
    }

    /// <summary>How many watch each of these channels.</summary>
    public async Task<IReadOnlyDictionary<int, long>> Watching(IReadOnlyCollection<int> numbers)
    {
        var viewers = await new ViewerCounts(_database.Source, _redis, TimeProvider.System).Count([.. numbers.Select(n => _channels[n])], CancellationToken.None);
        var byChannel = viewers.ToDictionary(v => v.ChannelId, v => v.Viewers);
        return numbers.ToDictionary(n => n, n => byChannel[_channels[n]]);
    }

    /// <summary>What the reconciler makes of two looks at these channels' rooms, far enough apart and both the same.</summary>
    /// <param name="room">The SID of the room that stands; null when none does.</param>
    /// <param name="there">Who is in it, by LiveKit.</param>
    public async Task Look(IReadOnlyCollection<int> numbers, string? room, IReadOnlyList<RoomParticipant> there)
    {
        var beliefs = new Beliefs(_database.Source);
        var belief = await beliefs.Read([.. numbers.Select(n => _channels[n])], CancellationToken.None);
        var listed = numbers.ToDictionary(n => n, n => there.Select(p => p with { Sid = Named(p.Sid, n) }).ToList());
        var records = await beliefs.RecordsOf([.. listed.Values.SelectMany(p => p)], CancellationToken.None);
        var seen = listed.SelectMany(l => Differences.Between(_channels[l.Key], belief.Of(_channels[l.Key]), room is null ? null : Named(room, l.Key), l.Value, records)).ToList();
        var (suspects, lookedAt) = (new Suspects(TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(10)), numbers.Select(n => _channels[n]).ToHashSet());
        Assert.Empty(suspects.Confirm(seen, lookedAt, belief.At.AddSeconds(-10)));
        await new Corrections(_database.Source).Write(suspects.Confirm(seen, lookedAt, belief.At), CancellationToken.None);
    }

    /// <summary>Derives ends and sessions of these channels once more, from all that is known.</summary>
    public async Task DeriveAgain(IReadOnlyCollection<int> numbers)
    {
        var channels = numbers.Select(n => _channels[n]).ToArray();
        var segments = await _database.Rows("select resource_id from ingest_segments where channel_id = any(@channels)", new NpgsqlParameter("channels", channels));
        await using var connection = await _database.Source.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        var windows = await SessionWrites.LockChannels(connection, channels, CancellationToken.None);
        await SessionWrites.Derive(connection, windows, [.. segments], [], Cause, CancellationToken.None);
        await transaction.CommitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _redis.DisposeAsync();
        await _database.DisposeAsync();
    }

    private QueuedEvent Queued(Told told)
    {
        var e = told.Step.Event!;
        var channel = $"{_channels[told.Number]}";
        var moved = e with
        {
            Id = Named(e.Id, told.Number),
            RoomName = e.RoomName is null ? null : channel,
            RoomSid = OrNull(e.RoomSid),
            Participant = e.Participant is { } p ? p with { Sid = Named(p.Sid, told.Number), IngressId = OrNull(p.IngressId), ResourceId = OrNull(p.ResourceId) } : null,
            Ingress = e.Ingress is { } i ? i with { IngressId = Named(i.IngressId, told.Number), ResourceId = OrNull(i.ResourceId), RoomName = channel } : null,
        };
        return new QueuedEvent($"{Interlocked.Increment(ref _entries)}-0", moved, e.CreatedAt, null);

        string? OrNull(string? id) => id is null ? null : Named(id, told.Number);
    }

    private static string Named(string id, int number) => $"{id}{Mark}{number}";

    /// <summary>The transaction in which our API deletes a key, for many channels at once.</summary>
    private async Task DeleteKeys(List<Told> deletions)
    {
        await using var connection = await _database.Source.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        var windows = await SessionWrites.LockChannels(connection, [.. deletions.Select(d => _channels[d.Number])], CancellationToken.None);
        var keys = deletions.Select(d => $"IN_1{Mark}{d.Number}").ToArray();
        await using var delete = new NpgsqlCommand(
            "update ingresses i set deleted_at = coalesce(i.deleted_at, d.at) from unnest(@keys, @times) as d (id, at) where i.id = d.id", connection);
        delete.Parameters.AddWithValue("keys", keys);
        delete.Parameters.AddWithValue("times", deletions.Select(d => d.Step.KeyDeletedAt!.Value).ToArray());
        Assert.Equal(deletions.Count, await delete.ExecuteNonQueryAsync());
        await SessionWrites.DeriveDeleted(connection, windows, keys, Cause, CancellationToken.None);
        await transaction.CommitAsync();
    }

    /// <summary>The transaction in which our API takes a channel off the air, for many at once; told again, it is the same fact.</summary>
    private async Task CutOff(List<Told> cuts)
    {
        await using var connection = await _database.Source.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        var channels = cuts.ConvertAll(c => _channels[c.Number]);
        var windows = await SessionWrites.LockChannels(connection, [.. channels], CancellationToken.None);
        await using var write = new NpgsqlCommand(
            """
            insert into cutoffs (id, channel_id, at, reason, off_until)
            select id, channel, at, 'ended_by_creator', off_until from unnest(@ids, @channels, @times, @ends) as cut (id, channel, at, off_until)
            where not exists (select 1 from cutoffs c where c.channel_id = cut.channel and c.at = cut.at) returning id
            """, connection)
        {
            Parameters =
            {
                new("ids", cuts.ConvertAll(_ => Guid.CreateVersion7())), new("channels", channels),
                new("times", cuts.ConvertAll(c => c.Step.Cut!.Value.At)), new("ends", cuts.ConvertAll(c => c.Step.Cut!.Value.OffUntil)),
            },
        };
        var written = new List<Guid>();
        await using (var row = await write.ExecuteReaderAsync())
            while (await row.ReadAsync()) written.Add(row.GetGuid(0));
        if (written.Count > 0) await SessionWrites.DeriveCut(connection, windows, [.. written], Cause, CancellationToken.None);
        await transaction.CommitAsync();
    }

    /// <summary>
    /// All that the facts imply, as text without the channel's number. A session's id is left out, and a segment names its session by its
    /// beginning: an id once given is kept, so it depends on what became known first.
    /// </summary>
    private async Task<IReadOnlyList<(string Rows, int[] Numbers)>> Rows(IReadOnlyCollection<int> numbers, DateTimeOffset zero)
    {
        await using var command = _database.Source.CreateCommand(
            """
            with asked as materialized (select * from unnest(@ids, @numbers) as asked (channel_id, number)),
            rows as (
                select s.channel_id, 1 as part, s.resource_id as key,
                       format('segment %s %s %s: from %s, stopped %s%s, left %s%s; ended %s %s%s, of the session from %s', named(s.resource_id), s.source, named(s.ingress_id),
                              seconds(s.started_at, @zero), seconds(s.stopped_at, @zero), ' with ' || s.failure, seconds(s.left_at, @zero),
                              case when s.is_displaced then ' displaced' end, seconds(s.ended_at, @zero), coalesce(s.end_reason, '?'),
                              case when s.replaced_by is not null then ' by ' || named(s.replaced_by) end, seconds(x.started_at, @zero)) as row
                from asked join ingest_segments s using (channel_id) left join sessions x on x.id = s.session_id
                union all
                select x.channel_id, 2, to_char(x.started_at, 'YYYYMMDDHH24MISSUS'),
                       format('session from %s: media ended %s %s, reconnect within %s until %s%s', seconds(x.started_at, @zero), seconds(x.media_ended_at, @zero),
                              coalesce(x.end_reason, '?'), x.reconnect_window_seconds, seconds(x.reconnect_until, @zero),
                              case when x.contested_at is not null then ', contested at ' || seconds(x.contested_at, @zero) end)
                from asked join sessions x using (channel_id)
                union all
                select p.channel_id, 3, p.participant_sid,
                       format('presence %s %s in %s: %s to %s', named(p.participant_sid), p.role, named(p.room_sid), seconds(p.joined_at, @zero), seconds(p.left_at, @zero))
                from asked join presences p using (channel_id)
                union all
                select r.channel_id, 4, r.room_sid, format('room %s: %s to %s', named(r.room_sid), seconds(r.started_at, @zero), seconds(r.finished_at, @zero))
                from asked join room_sessions r using (channel_id)),
            endings as (
                select asked.number, coalesce(string_agg(row, E'\n' order by part, named(key) collate "C"), 'nothing') as ending
                from asked left join rows using (channel_id) group by asked.number)
            select ending, array_agg(number order by number) from endings group by ending
            """);
        command.Parameters.AddWithValue("ids", numbers.Select(n => _channels[n]).ToArray());
        command.Parameters.AddWithValue("numbers", numbers.ToArray());
        command.Parameters.AddWithValue("zero", zero);
        var endings = new List<(string, int[])>();
        await using var row = await command.ExecuteReaderAsync();
        while (await row.ReadAsync()) endings.Add((row.GetString(0), row.GetFieldValue<int[]>(1)));
        return endings;
    }

    private static async Task Execute(TestDatabase database, string sql, params NpgsqlParameter[] parameters)
    {
        await using var command = database.Source.CreateCommand(sql);
        command.Parameters.AddRange(parameters);
        await command.ExecuteNonQueryAsync();
    }
}
