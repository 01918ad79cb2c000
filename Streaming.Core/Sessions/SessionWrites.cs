using Npgsql;

namespace Streaming.Core.Sessions;

/// <summary>
/// Brings sessions and segment ends in line with the facts, for channels that the caller's transaction has locked. Together with
/// the facts themselves these are the only writes to live state.
/// </summary>
public static class SessionWrites
{
    /// <summary>Taken before any fact is written and in one order, so that two that write about one channel wait for each other and do not deadlock. Gives their reconnect windows in seconds.</summary>
    public static async Task<Dictionary<Guid, int>> LockChannels(NpgsqlConnection connection, Guid[] channels, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(
            "select id, reconnect_window_seconds from channels where id = any(@ids) order by id for no key update", connection);
        command.Parameters.AddWithValue("ids", channels);
        var windows = new Dictionary<Guid, int>();
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct)) windows.Add(reader.GetGuid(0), reader.GetInt32(1));
        return windows;
    }

    /// <summary>Those of the channels that nobody has locked, locked now: for work that can wait, and that nobody should wait for.</summary>
    public static async Task<Guid[]> TryLockChannels(NpgsqlConnection connection, Guid[] channels, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand("select id from channels where id = any(@ids) order by id for no key update skip locked", connection);
        command.Parameters.AddWithValue("ids", channels);
        var locked = new List<Guid>();
        await using var row = await command.ExecuteReaderAsync(ct);
        while (await row.ReadAsync(ct)) locked.Add(row.GetGuid(0));
        return [.. locked];
    }

    /// <summary>
    /// After keys of these locked channels were deleted: LiveKit may never say that what they published has ended, and nobody can reconnect
    /// with them. That changes whatever has no end of its own, and sessions that could still be continued.
    /// </summary>
    public static async Task DeriveDeleted(NpgsqlConnection connection, IReadOnlyDictionary<Guid, int> windows, string[] ingresses, Cause cause, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(
            """
            select s.resource_id
            from ingest_segments s
            join ingresses i on i.id = s.ingress_id
            join sessions x on x.id = s.session_id
            where s.channel_id = any(@channels) and i.id = any(@ingresses)
              and (coalesce(s.stopped_at, s.left_at) is null or coalesce(x.reconnect_until, 'infinity') > i.deleted_at)
            """, connection);
        command.Parameters.AddWithValue("channels", windows.Keys.ToArray());
        command.Parameters.AddWithValue("ingresses", ingresses);
        var affected = new List<string>();
        await using (var row = await command.ExecuteReaderAsync(ct))
            while (await row.ReadAsync(ct)) affected.Add(row.GetString(0));
        await Derive(connection, windows, [.. affected], [], cause, ct);
    }

    /// <summary>
    /// Ends the session that runs on this locked channel, whether it is live or could be reconnected to. What is still publishing ends now and for this
    /// reason; LiveKit is for the caller to tell.
    /// </summary>
    /// <param name="ingress">Only if it was published with this key last; null: in any case.</param>
    /// <param name="reason">One of <see cref="EndReasons"/>.</param>
    /// <returns>Whether there was one.</returns>
    public static async Task<bool> Cut(NpgsqlConnection connection, IReadOnlyDictionary<Guid, int> windows, Guid channel, string? ingress, string reason, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(
            """
            update ingest_segments s set cut_at = now(), cut_reason = case when s.ended_at is null then @reason end
            from sessions x
            where x.id = s.session_id and x.channel_id = @channel and (x.media_ended_at is null or x.reconnect_until > now()) and s.cut_at is null
              and (s.ended_at is null or s.ended_at = x.media_ended_at) and (@ingress::text is null or s.ingress_id = @ingress)
            returning s.resource_id
            """, connection)
        { Parameters = { new("channel", channel), new("reason", reason), new NpgsqlParameter<string?>("ingress", ingress) } };
        var cut = new List<string>();
        await using (var row = await command.ExecuteReaderAsync(ct))
            while (await row.ReadAsync(ct)) cut.Add(row.GetString(0));
        var cause = new Cause(ChangeCause.Api, new Dictionary<Guid, string> { [channel] = ingress ?? (cut.Count > 0 ? cut[0] : "") });
        await Derive(connection, windows, [.. cut], [], cause, ct);
        return cut.Count > 0;
    }

    /// <summary>After these locked channels were cut off: that changes whatever had no end by then, and sessions that could still be continued.</summary>
    public static async Task DeriveCut(NpgsqlConnection connection, IReadOnlyDictionary<Guid, int> windows, Guid[] cutoffs, Cause cause, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(
            """
            select s.resource_id
            from cutoffs c
            join ingest_segments s on s.channel_id = c.channel_id
            left join sessions x on x.id = s.session_id
            where c.id = any(@cutoffs) and s.began_at is not null and (coalesce(s.ended_at, 'infinity') > c.at or (x.id is not null and coalesce(x.reconnect_until, 'infinity') > c.at - interval '1 second'))
            """, connection);
        command.Parameters.AddWithValue("cutoffs", cutoffs);
        var affected = new List<string>();
        await using (var row = await command.ExecuteReaderAsync(ct))
            while (await row.ReadAsync(ct)) affected.Add(row.GetString(0));
        await Derive(connection, windows, [.. affected], [], cause, ct);
    }

    /// <param name="windows">The locked channels with their reconnect windows in seconds.</param>
    /// <param name="changedSegments">Resource ids of segments whose facts changed.</param>
    /// <param name="changedRooms">SIDs of rooms that started or finished.</param>
    public static async Task Derive(
        NpgsqlConnection connection, IReadOnlyDictionary<Guid, int> windows, string[] changedSegments, string[] changedRooms, Cause cause, CancellationToken ct)
    {
        var channels = await Load(connection, windows.Keys.ToArray(), changedSegments, changedRooms, ct);
        var ends = new List<SegmentEnd>();
        var sessions = new List<(Guid Channel, DerivedSession Session)>();
        var obsolete = new List<Guid>();
        var history = new List<(Guid Channel, Change Change)>();
        foreach (var (channel, (segments, known)) in channels)
        {
            var timeline = SessionTimeline.Derive(segments, known.ToDictionary(s => s.Key, s => s.Value.ReconnectWindowSeconds), windows[channel]);
            ends.AddRange(timeline.Ends);
            sessions.AddRange(timeline.Sessions.Select(s => (channel, s)));
            obsolete.AddRange(known.Keys.Except(timeline.Sessions.Select(s => s.Id)));
            history.AddRange(SessionHistory.Between(known, timeline, segments).Select(c => (channel, c)));
        }

        if (ends.Count > 0) await Save(connection, [.. channels.Keys], ends, sessions, obsolete, history, cause, ct);
    }

    /// <summary>
    /// The channel's segments that began, from the session before the earliest change on: earlier ones cannot be affected. They are few, which
    /// Postgres cannot know: "offset 0" keeps it from hashing whole tables for them, and from reading a channel's whole past.
    /// </summary>
    private static async Task<Dictionary<Guid, (List<SegmentFacts> Segments, Dictionary<Guid, DerivedSession> Known)>> Load(
        NpgsqlConnection connection, Guid[] channels, string[] changedSegments, string[] changedRooms, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(
            """
            with earliest as (
                select changed.channel_id, min(least(changed.began_at, x.started_at)) as at from (
                    select channel_id, began_at, session_id from ingest_segments where resource_id = any(@segments)
                    union all
                    select channel_id, began_at, session_id from ingest_segments where room_sid = any(@rooms) offset 0) changed
                left join lateral (select started_at from sessions where id = changed.session_id offset 0) x on true -- in which it was so far: a beginning that was only seen may become a later one
                where changed.channel_id = any(@channels) and changed.began_at is not null
                group by changed.channel_id
            ), horizon as (
                select e.channel_id,
                       coalesce((select max(x.started_at) from sessions x where x.channel_id = e.channel_id and x.started_at < e.at), e.at) as at
                from earliest e
            )
            select s.channel_id, s.resource_id, s.source, began.at, s.stopped_at, coalesce(s.left_at, p.left_at), s.is_displaced, s.failure,
                   i.deleted_at, r.finished_at, r.started_at,
                   case when s.missing_at > coalesce(s.seen_at, '-infinity') then s.missing_at end,
                   x.id, x.started_at, x.media_ended_at, x.end_reason, x.reconnect_window_seconds, x.reconnect_until, s.ingress_id,
                   x.contested_at, s.replaced_by, s.cut_at, s.cut_reason, cutoff.at, cutoff.reason
            from horizon h
            cross join lateral (select * from ingest_segments where channel_id = h.channel_id and began_at >= h.at offset 0) s
            left join lateral (select deleted_at from ingresses where id = s.ingress_id offset 0) i on true
            left join lateral (select started_at, finished_at from room_sessions where room_sid = s.room_sid offset 0) r on true
            left join lateral (
                select left_at from presences where participant_sid = s.resource_id and s.source = 'Ingress' and s.left_at is null offset 0) p on true -- of an encoder that is known by its SID alone
            left join lateral (select * from sessions where id = s.session_id offset 0) x on true
            cross join lateral ( -- whoever we saw on the air after all had been cut off began after it, whatever his clock says
                select greatest(s.began_at, case when s.seen_at is not null then (
                    select max(greatest(c.off_until, c.enforced_at)) from cutoffs c
                    where c.channel_id = s.channel_id and c.enforced_at is not null and greatest(c.off_until, c.enforced_at) < s.seen_at) end) as at) began
            left join lateral (select c.at, c.reason from cutoffs c where c.channel_id = s.channel_id and c.off_until >= began.at order by c.at, c.id limit 1) cutoff on true
            """, connection);
        command.Parameters.AddWithValue("channels", channels);
        command.Parameters.AddWithValue("segments", changedSegments);
        command.Parameters.AddWithValue("rooms", changedRooms);

        var loaded = new Dictionary<Guid, (List<SegmentFacts> Segments, Dictionary<Guid, DerivedSession> Known)>();
        await using var row = await command.ExecuteReaderAsync(ct);
        while (await row.ReadAsync(ct))
        {
            var channel = row.GetGuid(0);
            if (!loaded.TryGetValue(channel, out var facts)) loaded[channel] = facts = ([], []);
            Guid? session = row.IsDBNull(12) ? null : row.GetGuid(12);
            if (session is { } id)
                facts.Known[id] = new DerivedSession(id, row.GetFieldValue<DateTimeOffset>(13), Time(row, 14), Text(row, 15), row.GetInt32(16), Time(row, 17)) { ContestedAt = Time(row, 19) };
            facts.Segments.Add(new SegmentFacts(
                row.GetString(1), Enum.Parse<SegmentSource>(row.GetString(2)), Text(row, 18), row.GetFieldValue<DateTimeOffset>(3),
                Time(row, 4), Time(row, 5), row.GetBoolean(6), Text(row, 7), Time(row, 8), Time(row, 9), Time(row, 10), session)
            { MissingAt = Time(row, 11), ReplacedBy = Text(row, 20), CutAt = Time(row, 21), CutReason = Text(row, 22), OffAt = Time(row, 23), OffReason = Text(row, 24) });
        }

        return loaded;
    }

    private static async Task Save(
        NpgsqlConnection connection, Guid[] channels, List<SegmentEnd> ends, List<(Guid Channel, DerivedSession Session)> sessions, List<Guid> obsolete,
        List<(Guid Channel, Change Change)> history, Cause cause, CancellationToken ct)
    {
        await using var writes = new NpgsqlBatch(connection);
        writes.BatchCommands.Add(new NpgsqlBatchCommand(
            """
            update ingest_segments s set ended_at = f.ended_at, end_reason = f.reason, session_id = f.session_id, replaced_by = f.replaced_by
            from unnest(@ids, @ended, @reasons, @sessions, @replaced) as f (id, ended_at, reason, session_id, replaced_by)
            where s.resource_id = f.id and (s.ended_at, s.end_reason, s.session_id, s.replaced_by) is distinct from (f.ended_at, f.reason, f.session_id, f.replaced_by)
            """)
        {
            Parameters =
            {
                new("ids", ends.Select(e => e.ResourceId).ToArray()), new("ended", ends.Select(e => e.EndedAt).ToArray()),
                new("reasons", ends.Select(e => e.Reason).ToArray()), new("sessions", ends.Select(e => e.SessionId).ToArray()),
                new("replaced", ends.Select(e => e.ReplacedBy).ToArray()),
            },
        });
        writes.BatchCommands.Add(new NpgsqlBatchCommand(
            """
            insert into sessions as s (id, channel_id, started_at, media_ended_at, end_reason, reconnect_window_seconds, reconnect_until, contested_at)
            select * from unnest(@ids, @channels, @started, @ended, @reasons, @windows, @until, @contested)
            on conflict (id) do update set
                started_at = excluded.started_at, media_ended_at = excluded.media_ended_at, end_reason = excluded.end_reason, reconnect_until = excluded.reconnect_until,
                contested_at = excluded.contested_at
            where (s.started_at, s.media_ended_at, s.end_reason, s.reconnect_until, s.contested_at)
                is distinct from (excluded.started_at, excluded.media_ended_at, excluded.end_reason, excluded.reconnect_until, excluded.contested_at)
            """)
        {
            Parameters =
            {
                new("ids", sessions.Select(s => s.Session.Id).ToArray()), new("channels", sessions.Select(s => s.Channel).ToArray()),
                new("started", sessions.Select(s => s.Session.StartedAt).ToArray()), new("ended", sessions.Select(s => s.Session.MediaEndedAt).ToArray()),
                new("reasons", sessions.Select(s => s.Session.EndReason).ToArray()), new("windows", sessions.Select(s => s.Session.ReconnectWindowSeconds).ToArray()),
                new("until", sessions.Select(s => s.Session.ReconnectUntil).ToArray()), new("contested", sessions.Select(s => s.Session.ContestedAt).ToArray()),
            },
        });
        if (obsolete.Count > 0)
            writes.BatchCommands.Add(new NpgsqlBatchCommand("delete from sessions where id = any(@ids)") { Parameters = { new("ids", obsolete.ToArray()) } });
        if (history.Count > 0) writes.BatchCommands.Add(Record(history, cause));
        writes.BatchCommands.Add(Publish(channels));
        await writes.ExecuteNonQueryAsync(ct);
    }

    /// <summary>Tells those who follow these locked channels where they stand, if that is new; see <see cref="LiveUpdates.PublishedState"/>.</summary>
    private static NpgsqlBatchCommand Publish(Guid[] channels) => new("select publish_states(@channels)") { Parameters = { new("channels", channels) } };

    /// <summary>A session begins once, however often late facts merge it with another and part them again.</summary>
    private static NpgsqlBatchCommand Record(List<(Guid Channel, Change Change)> history, Cause cause) => new(
        """
        insert into timeline (channel_id, session_id, transition, at, reason, cause, evidence, subject, replaced_by)
        select * from unnest(@channels, @sessions, @transitions, @at, @reasons, @causes, @evidence, @subjects, @replaced)
        on conflict (session_id) where transition = 'Started' do nothing
        """)
    {
        Parameters =
        {
            new("channels", history.Select(h => h.Channel).ToArray()), new("sessions", history.Select(h => h.Change.SessionId).ToArray()),
            new("transitions", history.Select(h => h.Change.Transition.ToString()).ToArray()), new("at", history.Select(h => h.Change.At).ToArray()),
            new("reasons", history.Select(h => h.Change.Reason).ToArray()), new("causes", history.Select(_ => cause.Kind.ToString()).ToArray()),
            new("evidence", history.Select(h => cause.Evidence.GetValueOrDefault(h.Channel, "")).ToArray()),
            new("subjects", history.Select(h => h.Change.Subject).ToArray()), new("replaced", history.Select(h => h.Change.ReplacedBy).ToArray()),
        },
    };

    /// <summary>Some of the channels with a session that nobody can reconnect to any more, of which that was not said yet.</summary>
    public static async Task<Guid[]> InconclusiveChannels(NpgsqlConnection connection, int most, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(
            """
            select distinct channel_id from (
                select channel_id from sessions
                where media_ended_at is not null and concluded_for is distinct from media_ended_at and reconnect_until <= now() order by reconnect_until limit @most) due
            """, connection);
        command.Parameters.AddWithValue("most", most);
        var channels = new List<Guid>();
        await using var row = await command.ExecuteReaderAsync(ct);
        while (await row.ReadAsync(ct)) channels.Add(row.GetGuid(0));
        return [.. channels];
    }

    /// <summary>Says of such sessions of these locked channels that they are over, with the moment at which media stopped: into the timeline, unless it says so already, and to those who follow.</summary>
    /// <returns>How many there were.</returns>
    public static async Task<int> Conclude(NpgsqlConnection connection, Guid[] channels, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(
            """
            with finished as (
                update sessions set concluded_for = media_ended_at
                where channel_id = any(@channels) and media_ended_at is not null and concluded_for is distinct from media_ended_at and reconnect_until <= now()
                returning id, channel_id, media_ended_at, end_reason
            ), told as (
                insert into timeline (channel_id, session_id, transition, at, reason, cause, evidence)
                select channel_id, id, 'Ended', media_ended_at, end_reason, 'Rule', id::text from finished
                where 'Ended' is distinct from (
                    select transition from timeline t where t.session_id = finished.id and transition in ('Started', 'Dropped', 'Resumed', 'Ended') order by t.id desc limit 1))
            select count(*) from finished
            """, connection)
        { Parameters = { new("channels", channels) } };
        var concluded = (int)(long)(await command.ExecuteScalarAsync(ct))!;
        await using var publish = new NpgsqlBatch(connection) { BatchCommands = { Publish(channels) } };
        await publish.ExecuteNonQueryAsync(ct);
        return concluded;
    }

    /// <summary>Some of the channels of which the ledger of keys is behind what encoders did.</summary>
    public static async Task<Guid[]> UnledgeredChannels(NpgsqlConnection connection, int most, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(
            $"select distinct channel_id from (select channel_id from ingest_segments where source = 'Ingress' and ledgered_as is distinct from {IngestSegment.UseOutcomeSql} limit @most) due", connection);
        command.Parameters.AddWithValue("most", most);
        var channels = new List<Guid>();
        await using var row = await command.ExecuteReaderAsync(ct);
        while (await row.ReadAsync(ct)) channels.Add(row.GetGuid(0));
        return [.. channels];
    }

    /// <summary>Connections of encoders of which the ledger is behind, of channels that the caller has locked, for him to write down in the same transaction.</summary>
    public static async Task<IReadOnlyList<UnledgeredUse>> TakeUnledgered(NpgsqlConnection connection, Guid[] channels, int most, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(
            $"""
             with due as (
                 select resource_id, ledgered_as as was from ingest_segments
                 where source = 'Ingress' and ledgered_as is distinct from {IngestSegment.UseOutcomeSql} and channel_id = any(@channels) limit @most)
             update ingest_segments s set ledgered_as = {IngestSegment.UseOutcomeSql} from due
             where s.resource_id = due.resource_id and {IngestSegment.UseOutcomeSql} is not null
             returning s.channel_id, s.resource_id, s.ingress_id, s.began_at, coalesce(s.ended_at, s.stopped_at), s.failure, due.was, s.ledgered_as
             """, connection);
        command.Parameters.AddWithValue("channels", channels);
        command.Parameters.AddWithValue("most", most);
        var uses = new List<UnledgeredUse>();
        await using var row = await command.ExecuteReaderAsync(ct);
        while (await row.ReadAsync(ct))
        {
            uses.Add(new UnledgeredUse(
                row.GetGuid(0), row.GetString(1), Text(row, 2), Time(row, 3), Time(row, 4), Text(row, 5), Text(row, 6) is { } was ? Enum.Parse<UseOutcome>(was) : null,
                Enum.Parse<UseOutcome>(row.GetString(7))));
        }

        return uses;
    }

    private static DateTimeOffset? Time(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetFieldValue<DateTimeOffset>(column);

    private static string? Text(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);
}

/// <summary>Why live state is derived anew.</summary>
/// <param name="Evidence">By channel: the event that told, or the segment that was changed.</param>
public sealed record Cause(ChangeCause Kind, IReadOnlyDictionary<Guid, string> Evidence);
