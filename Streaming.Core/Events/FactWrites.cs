using Npgsql;

namespace Streaming.Core.Events;

/// <summary>Merges facts into rows, each in a way that order and repetition do not matter to, and tells which rows learned something.</summary>
internal static class FactWrites
{
    /// <summary>The keys of the rows that changed: room SIDs, participant SIDs, resource ids.</summary>
    public static async Task<HashSet<string>> Merge(NpgsqlConnection connection, FactSheet facts, CancellationToken ct)
    {
        await using var writes = new NpgsqlBatch(connection);
        if (facts.RoomSids.Count > 0) writes.BatchCommands.Add(Rooms(facts));
        if (facts.ParticipantSids.Count > 0) writes.BatchCommands.Add(Presences(facts));
        if (facts.Segments.Count > 0) writes.BatchCommands.Add(Segments(facts));

        var changed = new HashSet<string>();
        await using var row = await writes.ExecuteReaderAsync(ct);
        do
        {
            while (await row.ReadAsync(ct)) changed.Add(row.GetString(0));
        }
        while (await row.NextResultAsync(ct));
        return changed;
    }

    private static NpgsqlBatchCommand Rooms(FactSheet facts) => new(
        """
        insert into room_sessions as r (room_sid, channel_id, started_at, finished_at)
        select sid, (min(channel_id::text))::uuid, max(started_at), min(finished_at)
        from unnest(@sids, @channels, @started, @finished) as f (sid, channel_id, started_at, finished_at)
        group by sid order by sid
        on conflict (room_sid) do update set
            started_at = greatest(r.started_at, excluded.started_at),
            finished_at = least(r.finished_at, excluded.finished_at)
        where excluded.started_at > coalesce(r.started_at, '-infinity') or excluded.finished_at < coalesce(r.finished_at, 'infinity')
        returning room_sid
        """)
    {
        Parameters =
        {
            new("sids", facts.RoomSids.ToArray()), new("channels", facts.RoomChannels.ToArray()),
            new("started", facts.RoomStarted.ToArray()), new("finished", facts.RoomFinished.ToArray()),
        },
    };

    private static NpgsqlBatchCommand Presences(FactSheet facts) => new(
        """
        insert into presences as p (participant_sid, room_sid, channel_id, role, person, joined_at, left_at)
        select sid, min(room_sid), (min(channel_id::text))::uuid, min(role), min(person), min(joined_at), min(left_at)
        from unnest(@sids, @rooms, @channels, @roles, @persons, @joined, @left) as f (sid, room_sid, channel_id, role, person, joined_at, left_at)
        group by sid order by sid
        on conflict (participant_sid) do update set
            joined_at = least(p.joined_at, excluded.joined_at),
            left_at = least(p.left_at, excluded.left_at)
        where excluded.joined_at < coalesce(p.joined_at, 'infinity') or excluded.left_at < coalesce(p.left_at, 'infinity')
        returning participant_sid
        """)
    {
        Parameters =
        {
            new("sids", facts.ParticipantSids.ToArray()), new("rooms", facts.ParticipantRooms.ToArray()),
            new("channels", facts.ParticipantChannels.ToArray()), new("roles", facts.ParticipantRoles.ToArray()),
            new("persons", facts.ParticipantPersons.ToArray()), new("joined", facts.ParticipantJoined.ToArray()),
            new("left", facts.ParticipantLeft.ToArray()),
        },
    };

    private static NpgsqlBatchCommand Segments(FactSheet facts) => new(
        """
        insert into ingest_segments as s (resource_id, channel_id, source, ingress_id, room_sid, started_at, stopped_at, left_at, is_displaced, failure)
        select id, (min(channel_id::text))::uuid, min(source), min(ingress_id), min(room_sid), min(started_at), min(stopped_at), min(left_at),
               bool_or(is_displaced), max(failure)
        from unnest(@ids, @channels, @sources, @ingresses, @rooms, @started, @stopped, @left, @displaced, @failures)
             as f (id, channel_id, source, ingress_id, room_sid, started_at, stopped_at, left_at, is_displaced, failure)
        group by id order by id
        on conflict (resource_id) do update set
            ingress_id = coalesce(s.ingress_id, excluded.ingress_id),
            started_at = least(s.started_at, excluded.started_at),
            stopped_at = least(s.stopped_at, excluded.stopped_at),
            left_at = least(s.left_at, excluded.left_at),
            is_displaced = s.is_displaced or excluded.is_displaced,
            failure = greatest(s.failure, excluded.failure)
        where (s.ingress_id, s.started_at, s.stopped_at, s.left_at, s.is_displaced, s.failure) is distinct from
              (coalesce(s.ingress_id, excluded.ingress_id), least(s.started_at, excluded.started_at), least(s.stopped_at, excluded.stopped_at),
               least(s.left_at, excluded.left_at), s.is_displaced or excluded.is_displaced, greatest(s.failure, excluded.failure))
        returning resource_id
        """)
    {
        Parameters =
        {
            new("ids", facts.Segments.Select(s => s.ResourceId).ToArray()), new("channels", facts.Segments.Select(s => s.ChannelId).ToArray()),
            new("sources", facts.Segments.Select(s => s.Source.ToString()).ToArray()), new("ingresses", facts.Segments.Select(s => s.IngressId).ToArray()),
            new("rooms", facts.Segments.Select(s => s.RoomSid).ToArray()), new("started", facts.Segments.Select(s => s.StartedAt).ToArray()),
            new("stopped", facts.Segments.Select(s => s.StoppedAt).ToArray()), new("left", facts.Segments.Select(s => s.LeftAt).ToArray()),
            new("displaced", facts.Segments.Select(s => s.IsDisplaced).ToArray()), new("failures", facts.Segments.Select(s => s.Failure).ToArray()),
        },
    };
}
