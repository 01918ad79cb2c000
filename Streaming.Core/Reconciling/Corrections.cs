using Npgsql;
using Streaming.Core.Sessions;
using Streaming.Core.Viewers;

namespace Streaming.Core.Reconciling;

/// <summary>
/// Puts right what LiveKit's answer contradicts. What was seen is a fact beside what was told, merged in the same way, so that a
/// webhook which comes late after all finds its place. Writes only what still needs it.
/// </summary>
public sealed class Corrections(NpgsqlDataSource database)
{
    /// <summary>Bounds how long one transaction holds the channels' locks.</summary>
    private const int ChannelsPerTransaction = 50;

    /// <returns>What was put right: less than was asked where webhooks came first.</returns>
    public async Task<IReadOnlyList<Confirmed>> Write(IReadOnlyCollection<Confirmed> corrections, CancellationToken ct)
    {
        var written = new List<Confirmed>();
        foreach (var some in corrections.GroupBy(c => c.Difference.ChannelId).Chunk(ChannelsPerTransaction))
            written.AddRange(await WriteSome([.. some.SelectMany(c => c)], ct));
        return written;
    }

    private async Task<IReadOnlyList<Confirmed>> WriteSome(Confirmed[] corrections, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var windows = await SessionWrites.LockChannels(connection, [.. corrections.Select(c => c.Difference.ChannelId).Distinct()], ct);
        var changed = await Merge(connection, corrections, ct);
        var written = corrections.Where(c => changed.Contains((c.Difference.Kind, c.Difference.Subject))).ToArray();
        var segments = written.Where(c => c.Difference.Kind is CorrectionKind.SegmentStarted or CorrectionKind.SegmentEnded).ToArray();
        if (segments.Length > 0)
        {
            var evidence = segments.GroupBy(c => c.Difference.ChannelId).ToDictionary(c => c.Key, c => c.Last().Difference.Subject);
            await SessionWrites.Derive(connection, windows, [.. segments.Select(c => c.Difference.Subject)], [], new Cause(ChangeCause.Reconcile, evidence), ct);
        }

        if (written.Length > 0) await Record(connection, written, ct);
        await transaction.CommitAsync(ct);
        return written;
    }

    private static async Task<HashSet<(CorrectionKind, string)>> Merge(NpgsqlConnection connection, Confirmed[] corrections, CancellationToken ct)
    {
        Confirmed[] Of(CorrectionKind kind) => [.. corrections.Where(c => c.Difference.Kind == kind)];
        await using var writes = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                Rooms(Of(CorrectionKind.ParticipantJoined)), Joined(Of(CorrectionKind.ParticipantJoined)), Left(Of(CorrectionKind.ParticipantLeft)),
                Started(Of(CorrectionKind.SegmentStarted)), Ended(Of(CorrectionKind.SegmentEnded)),
            },
        };
        CorrectionKind?[] answers = [null, CorrectionKind.ParticipantJoined, CorrectionKind.ParticipantLeft, CorrectionKind.SegmentStarted, CorrectionKind.SegmentEnded];
        var changed = new HashSet<(CorrectionKind, string)>();
        await using var row = await writes.ExecuteReaderAsync(ct);
        foreach (var kind in answers.OfType<CorrectionKind>()) // the rooms' statement answers nothing
        {
            while (await row.ReadAsync(ct)) changed.Add((kind, row.GetString(0)));
            await row.NextResultAsync(ct);
        }

        return changed;
    }

    private static NpgsqlBatchCommand Rooms(Confirmed[] joined) => new(
        """
        insert into room_sessions (room_sid, channel_id)
        select distinct on (sid) sid, channel_id from unnest(@sids, @channels) as f (sid, channel_id) order by sid
        on conflict (room_sid) do nothing
        """)
    {
        Parameters = { new("sids", joined.Select(c => c.Difference.RoomSid!).ToArray()), new("channels", Channels(joined)) },
    };

    private static NpgsqlBatchCommand Joined(Confirmed[] joined) => new(
        """
        insert into presences as p (participant_sid, room_sid, channel_id, role, person, joined_at, seen_at)
        select * from unnest(@sids, @rooms, @channels, @roles, @persons, @joined, @seen) as f (sid, room_sid, channel_id, role, person, joined_at, seen_at) order by sid
        on conflict (participant_sid) do update set joined_at = least(p.joined_at, excluded.joined_at), seen_at = greatest(p.seen_at, excluded.seen_at)
        where not p.is_present and p.left_at is null
        returning participant_sid
        """)
    {
        Parameters =
        {
            new("sids", Subjects(joined)), new("rooms", joined.Select(c => c.Difference.RoomSid!).ToArray()), new("channels", Channels(joined)),
            new("roles", joined.Select(c => c.Difference.Participant!.Role.ToString()).ToArray()),
            new("persons", joined.Select(c => Identity.PersonOf(c.Difference.Participant!.Identity)).ToArray()),
            new("joined", joined.Select(c => c.Difference.Participant!.JoinedAt ?? c.FirstSeenAt).ToArray()), new("seen", joined.Select(c => c.At).ToArray()),
        },
    };

    private static NpgsqlBatchCommand Left(Confirmed[] left) => new(
        """
        update presences p set missing_at = greatest(p.missing_at, f.at)
        from unnest(@sids, @at) as f (sid, at) where p.participant_sid = f.sid and p.is_present
        returning p.participant_sid
        """)
    {
        Parameters = { new("sids", Subjects(left)), new("at", left.Select(c => c.FirstSeenAt).ToArray()) },
    };

    /// <summary>Since when it publishes LiveKit does not say: an encoder joins only to publish, a person in a browser may have waited.</summary>
    private static NpgsqlBatchCommand Started(Confirmed[] started) => new(
        """
        insert into ingest_segments as s (resource_id, channel_id, source, ingress_id, room_sid, is_displaced, seen_from, seen_at)
        select id, channel_id, source, ingress_id, room_sid, false, seen_from, seen_at
        from unnest(@ids, @channels, @sources, @ingresses, @rooms, @from, @seen) as f (id, channel_id, source, ingress_id, room_sid, seen_from, seen_at) order by id
        on conflict (resource_id) do update set
            ingress_id = coalesce(s.ingress_id, excluded.ingress_id), seen_from = least(s.seen_from, excluded.seen_from), seen_at = greatest(s.seen_at, excluded.seen_at)
        where s.began_at is null or s.ended_at is not null
        returning resource_id
        """)
    {
        Parameters =
        {
            new("ids", Subjects(started)), new("channels", Channels(started)),
            new("sources", started.Select(c => (IsBrowser(c) ? SegmentSource.Browser : SegmentSource.Ingress).ToString()).ToArray()),
            new("ingresses", started.Select(c => c.Difference.Participant!.IngressId).ToArray()),
            new("rooms", started.Select(c => IsBrowser(c) ? c.Difference.RoomSid : null).ToArray()),
            new("from", started.Select(c => IsBrowser(c) ? c.FirstSeenAt : c.Difference.Participant!.JoinedAt ?? c.FirstSeenAt).ToArray()),
            new("seen", started.Select(c => c.At).ToArray()),
        },
    };

    private static NpgsqlBatchCommand Ended(Confirmed[] ended) => new(
        """
        update ingest_segments s set missing_at = greatest(s.missing_at, f.at)
        from unnest(@ids, @at) as f (id, at) where s.resource_id = f.id and s.began_at is not null and s.ended_at is null
        returning s.resource_id
        """)
    {
        Parameters = { new("ids", Subjects(ended)), new("at", ended.Select(c => c.FirstSeenAt).ToArray()) },
    };

    private static async Task Record(NpgsqlConnection connection, Confirmed[] written, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(
            """
            insert into corrections (at, channel_id, kind, subject, room_sid, first_seen_at)
            select * from unnest(@at, @channels, @kinds, @subjects, @rooms, @first)
            """, connection);
        command.Parameters.AddWithValue("at", written.Select(c => c.At).ToArray());
        command.Parameters.AddWithValue("channels", Channels(written));
        command.Parameters.AddWithValue("kinds", written.Select(c => c.Difference.Kind.ToString()).ToArray());
        command.Parameters.AddWithValue("subjects", Subjects(written));
        command.Parameters.AddWithValue("rooms", written.Select(c => c.Difference.RoomSid).ToArray());
        command.Parameters.AddWithValue("first", written.Select(c => c.FirstSeenAt).ToArray());
        await command.ExecuteNonQueryAsync(ct);
    }

    private static bool IsBrowser(Confirmed correction) => correction.Difference.Participant!.Role == ParticipantRole.Host;

    private static string[] Subjects(Confirmed[] corrections) => [.. corrections.Select(c => c.Difference.Subject)];

    private static Guid[] Channels(Confirmed[] corrections) => [.. corrections.Select(c => c.Difference.ChannelId)];
}
