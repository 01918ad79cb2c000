using Npgsql;

namespace Streaming.Core.Events;

/// <summary>Merges facts into rows, each in a way that order and repetition do not matter to, and tells which rows learned something.</summary>
internal static class FactWrites
{
    /// <summary>The keys of the rows that changed: room SIDs, participant SIDs, resource ids.</summary>
    public static async Task<HashSet<string>> Merge(NpgsqlConnection connection, FactSheet facts, CancellationToken ct)
    {
        await using var writes = new NpgsqlBatch(connection);
        if (facts.Rooms.Count > 0) writes.BatchCommands.Add(Rooms([.. facts.Rooms]));
        if (facts.Presences.Count > 0) writes.BatchCommands.Add(Presences([.. facts.Presences]));
        if (facts.Segments.Count > 0) writes.BatchCommands.Add(Segments([.. facts.Segments]));

        var changed = new HashSet<string>();
        await using var row = await writes.ExecuteReaderAsync(ct);
        do
        {
            while (await row.ReadAsync(ct)) changed.Add(row.GetString(0));
        }
        while (await row.NextResultAsync(ct));
        return changed;
    }

    private static NpgsqlBatchCommand Rooms(RoomFact[] rooms) => new(
        """
        insert into room_sessions as r (room_sid, channel_id, started_at, finished_at)
        select * from unnest(@sids, @channels, @started, @finished) as f (sid, channel_id, started_at, finished_at) order by sid
        on conflict (room_sid) do update set
            started_at = greatest(r.started_at, excluded.started_at),
            finished_at = least(r.finished_at, excluded.finished_at)
        where excluded.started_at > coalesce(r.started_at, '-infinity') or excluded.finished_at < coalesce(r.finished_at, 'infinity')
        returning room_sid
        """)
    {
        Parameters =
        {
            new("sids", Array.ConvertAll(rooms, r => r.Sid)), new("channels", Array.ConvertAll(rooms, r => r.ChannelId)),
            new("started", Array.ConvertAll(rooms, r => r.StartedAt)), new("finished", Array.ConvertAll(rooms, r => r.FinishedAt)),
        },
    };

    private static NpgsqlBatchCommand Presences(PresenceFact[] presences) => new(
        """
        insert into presences as p (participant_sid, room_sid, channel_id, role, person, joined_at, left_at)
        select * from unnest(@sids, @rooms, @channels, @roles, @persons, @joined, @left) as f (sid, room_sid, channel_id, role, person, joined_at, left_at)
        order by sid
        on conflict (participant_sid) do update set
            joined_at = least(p.joined_at, excluded.joined_at),
            left_at = least(p.left_at, excluded.left_at)
        where excluded.joined_at < coalesce(p.joined_at, 'infinity') or excluded.left_at < coalesce(p.left_at, 'infinity')
        returning participant_sid
        """)
    {
        Parameters =
        {
            new("sids", Array.ConvertAll(presences, p => p.Sid)), new("rooms", Array.ConvertAll(presences, p => p.RoomSid)),
            new("channels", Array.ConvertAll(presences, p => p.ChannelId)), new("roles", Array.ConvertAll(presences, p => p.Role.ToString())),
            new("persons", Array.ConvertAll(presences, p => p.Person)), new("joined", Array.ConvertAll(presences, p => p.JoinedAt)),
            new("left", Array.ConvertAll(presences, p => p.LeftAt)),
        },
    };

    private static NpgsqlBatchCommand Segments(SegmentFact[] segments) => new(
        """
        insert into ingest_segments as s (resource_id, channel_id, source, ingress_id, room_sid, started_at, stopped_at, left_at, is_displaced, failure)
        select * from unnest(@ids, @channels, @sources, @ingresses, @rooms, @started, @stopped, @left, @displaced, @failures)
             as f (id, channel_id, source, ingress_id, room_sid, started_at, stopped_at, left_at, is_displaced, failure)
        order by id
        on conflict (resource_id) do update set
            ingress_id = coalesce(s.ingress_id, excluded.ingress_id),
            started_at = least(s.started_at, excluded.started_at),
            stopped_at = least(s.stopped_at, excluded.stopped_at),
            left_at = least(s.left_at, excluded.left_at),
            is_displaced = s.is_displaced or excluded.is_displaced,
            failure = greatest(s.failure collate "C", excluded.failure collate "C")
        where (s.ingress_id, s.started_at, s.stopped_at, s.left_at, s.is_displaced, s.failure) is distinct from
              (coalesce(s.ingress_id, excluded.ingress_id), least(s.started_at, excluded.started_at), least(s.stopped_at, excluded.stopped_at),
               least(s.left_at, excluded.left_at), s.is_displaced or excluded.is_displaced, greatest(s.failure collate "C", excluded.failure collate "C"))
        returning resource_id
        """)
    {
        Parameters =
        {
            new("ids", Array.ConvertAll(segments, s => s.ResourceId)), new("channels", Array.ConvertAll(segments, s => s.ChannelId)),
            new("sources", Array.ConvertAll(segments, s => s.Source.ToString())), new("ingresses", Array.ConvertAll(segments, s => s.IngressId)),
            new("rooms", Array.ConvertAll(segments, s => s.RoomSid)), new("started", Array.ConvertAll(segments, s => s.StartedAt)),
            new("stopped", Array.ConvertAll(segments, s => s.StoppedAt)), new("left", Array.ConvertAll(segments, s => s.LeftAt)),
            new("displaced", Array.ConvertAll(segments, s => s.IsDisplaced)), new("failures", Array.ConvertAll(segments, s => s.Failure)),
        },
    };
}
