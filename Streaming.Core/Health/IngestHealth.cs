using Npgsql;
using NpgsqlTypes;
using Streaming.Core.LiveKit;

namespace Streaming.Core.Health;

/// <summary>Opens and closes ingest issues, each once, and says so in the timeline of the session.</summary>
public sealed class IngestHealth(NpgsqlDataSource database)
{
    /// <summary>How long a refused connection, or a takeover of a contested key, is worth mentioning.</summary>
    public static readonly TimeSpan Remembered = TimeSpan.FromSeconds(60);

    /// <summary>What our records tell of broadcasts that are running: refused connections and contested keys. Written to where it changes.</summary>
    private const string OfRecords =
        """
        with running as (
            select id, channel_id, contested_at from sessions where media_ended_at is null -- apart, each by its index
            union all select id, channel_id, contested_at from sessions where media_ended_at is not null and reconnect_until > @now
        ), wrong as (
            select distinct r.channel_id, r.id as session_id, case s.failure when 'capacity_exceeded' then 'capacityExceeded' else 'connectionRefused' end as code
            from running r join ingest_segments s on s.channel_id = r.channel_id
            where s.failure is not null and s.began_at is null and s.stopped_at > @now - @remembered
            union
            select r.channel_id, r.id, 'contested' from running r
            where r.contested_at is not null
              and exists (select 1 from ingest_segments s where s.channel_id = r.channel_id and s.session_id = r.id and s.end_reason = 'taken_over' and s.ended_at >= r.contested_at and s.ended_at > @now - @remembered)
        ), opened as (
            insert into ingest_issues (channel_id, session_id, code, opened_at) select channel_id, session_id, code, @now from wrong
            on conflict (session_id, code) where closed_at is null do nothing returning channel_id, session_id, code
        ), closed as (
            update ingest_issues i set closed_at = @now
            where i.closed_at is null and not exists (select 1 from wrong w where w.session_id = i.session_id and w.code = i.code)
              and (i.code in ('capacityExceeded', 'connectionRefused', 'contested') or not exists (select 1 from running r where r.id = i.session_id))
            returning i.channel_id, i.session_id, i.code
        )
        insert into timeline (channel_id, session_id, transition, at, reason, cause, evidence)
        select channel_id, session_id, 'IssueOpened', @now, code, 'Rule', session_id::text from opened
        union all
        select channel_id, session_id, 'IssueClosed', @now, code, 'Rule', session_id::text from closed
        """;

    /// <summary>What a look at LiveKit found, of those sessions that could be looked at.</summary>
    private const string OfLooks =
        """
        with wrong as (
            select session_id, code from unnest(@sessions, @codes) as w (session_id, code)
        ), opened as (
            insert into ingest_issues (channel_id, session_id, code, opened_at)
            select s.channel_id, w.session_id, w.code, @now from wrong w join sessions s on s.id = w.session_id
            on conflict (session_id, code) where closed_at is null do nothing returning channel_id, session_id, code
        ), closed as (
            update ingest_issues i set closed_at = @now
            where i.closed_at is null and i.session_id = any(@looked) and i.code <> all(array['capacityExceeded', 'connectionRefused', 'contested'])
              and not exists (select 1 from wrong w where w.session_id = i.session_id and w.code = i.code)
            returning i.channel_id, i.session_id, i.code
        )
        insert into timeline (channel_id, session_id, transition, at, reason, cause, evidence)
        select channel_id, session_id, 'IssueOpened', @now, code, 'Rule', session_id::text from opened
        union all
        select channel_id, session_id, 'IssueClosed', @now, code, 'Rule', session_id::text from closed
        """;

    private const string Inputs =
        """
        insert into ingest_inputs (resource_id, channel_id, seen_at, video_codec, width, height, frames_per_second, video_bitrate, audio_codec, audio_bitrate, audio_channels, sample_rate)
        select resource_id, channel_id, @now, nullif(left(vc, 64), ''), nullif(w, 0), nullif(h, 0), nullif(fps, 0), nullif(vb, 0), nullif(left(ac, 64), ''), nullif(ab, 0), nullif(ch, 0), nullif(sr, 0)
        from unnest(@resources, @channels, @vc, @w, @h, @fps, @vb, @ac, @ab, @ch, @sr) as f (resource_id, channel_id, vc, w, h, fps, vb, ac, ab, ch, sr)
        on conflict (resource_id) do update set
            seen_at = excluded.seen_at, video_codec = excluded.video_codec, width = excluded.width, height = excluded.height,
            frames_per_second = excluded.frames_per_second, video_bitrate = excluded.video_bitrate, audio_codec = excluded.audio_codec,
            audio_bitrate = excluded.audio_bitrate, audio_channels = excluded.audio_channels, sample_rate = excluded.sample_rate
        """;

    /// <returns>How many issues were opened or closed.</returns>
    public async Task<int> JudgeRecords(DateTimeOffset now, CancellationToken ct)
    {
        await using var command = database.CreateCommand(OfRecords);
        command.Parameters.AddWithValue("now", now);
        command.Parameters.AddWithValue("remembered", Remembered);
        return await command.ExecuteNonQueryAsync(ct);
    }

    /// <summary>The encoders that are on the air, as the records have it.</summary>
    public async Task<IReadOnlyList<EncoderOnAir>> OnAir(CancellationToken ct)
    {
        await using var command = database.CreateCommand(
            """
            select s.channel_id, s.session_id, s.resource_id, s.ingress_id, s.began_at, coalesce(i.video_bitrate > 0 or i.audio_bitrate > 0, false)
            from ingest_segments s left join ingest_inputs i on i.resource_id = s.resource_id
            where s.began_at is not null and s.ended_at is null and s.session_id is not null and s.ingress_id is not null and s.source = 'Ingress'
            """);
        var encoders = new List<EncoderOnAir>();
        await using var row = await command.ExecuteReaderAsync(ct);
        while (await row.ReadAsync(ct))
            encoders.Add(new EncoderOnAir(row.GetGuid(0), row.GetGuid(1), row.GetString(2), row.GetString(3), row.GetFieldValue<DateTimeOffset>(4), row.GetBoolean(5)));
        return encoders;
    }

    /// <param name="looks">What LiveKit says of them, where it speaks of the connection that is on the air.</param>
    /// <returns>How many issues were opened or closed.</returns>
    public async Task<int> JudgeInputs(IReadOnlyCollection<(EncoderOnAir Encoder, IngressLook Look)> looks, DateTimeOffset now, CancellationToken ct)
    {
        if (looks.Count == 0) return 0;
        var wrong = looks.SelectMany(l => InputRules.Of(l.Look, now - l.Encoder.BeganAt, l.Encoder.HasSent).Select(i => (l.Encoder.SessionId, i.Code))).Distinct().ToList();
        await using var batch = database.CreateBatch();
        batch.BatchCommands.Add(new NpgsqlBatchCommand(OfLooks)
        {
            Parameters =
            {
                new("now", now), new("sessions", wrong.Select(w => w.SessionId).ToArray()), new("codes", wrong.Select(w => w.Code).ToArray()),
                new("looked", looks.Select(l => l.Encoder.SessionId).Distinct().ToArray()),
            },
        });
        var inputs = looks.DistinctBy(l => l.Encoder.ResourceId).ToList();
        T[] Of<T>(Func<IngressLook, T> part) => [.. inputs.Select(l => part(l.Look))];
        batch.BatchCommands.Add(new NpgsqlBatchCommand(Inputs)
        {
            Parameters =
            {
                new("now", now), new("resources", inputs.Select(l => l.Encoder.ResourceId).ToArray()), new("channels", inputs.Select(l => l.Encoder.ChannelId).ToArray()),
                new("vc", NpgsqlDbType.Array | NpgsqlDbType.Text) { Value = Of(l => l.Video?.Codec) }, new("w", Of(l => l.Video?.Width ?? 0)), new("h", Of(l => l.Video?.Height ?? 0)),
                new("fps", Of(l => l.Video?.FramesPerSecond ?? 0)), new("vb", Of(l => l.Video?.Bitrate ?? 0)),
                new("ac", NpgsqlDbType.Array | NpgsqlDbType.Text) { Value = Of(l => l.Audio?.Codec) }, new("ab", Of(l => l.Audio?.Bitrate ?? 0)),
                new("ch", Of(l => l.Audio?.Channels ?? 0)), new("sr", Of(l => l.Audio?.SampleRate ?? 0)),
            },
        });
        var changed = await batch.ExecuteNonQueryAsync(ct);
        return changed - inputs.Count;
    }

    /// <summary>The issues that are open, the worst first, and what the encoder sends; null when there was no look at it since it began.</summary>
    public async Task<(IReadOnlyList<(IssueKind Kind, DateTimeOffset OpenedAt)> Issues, IngestInputRow? Input)> Of(Guid channel, Guid session, CancellationToken ct)
    {
        await using var batch = database.CreateBatch();
        batch.BatchCommands.Add(new NpgsqlBatchCommand("select code, opened_at from ingest_issues where session_id = @session and closed_at is null order by id") { Parameters = { new("session", session) } });
        batch.BatchCommands.Add(new NpgsqlBatchCommand(
            """
            select i.seen_at, i.video_codec, i.width, i.height, i.frames_per_second, i.video_bitrate, i.audio_codec, i.audio_bitrate, i.audio_channels, i.sample_rate
            from ingest_inputs i join sessions s on s.id = @session and i.seen_at >= s.started_at where i.channel_id = @channel order by i.seen_at desc limit 1
            """)
        { Parameters = { new("session", session), new("channel", channel) } });
        var issues = new List<(IssueKind Kind, DateTimeOffset OpenedAt)>();
        await using var row = await batch.ExecuteReaderAsync(ct);
        while (await row.ReadAsync(ct))
            if (IssueKind.All.TryGetValue(row.GetString(0), out var kind)) issues.Add((kind, row.GetFieldValue<DateTimeOffset>(1)));
        await row.NextResultAsync(ct);
        IngestInputRow? input = null;
        if (await row.ReadAsync(ct))
        {
            T? At<T>(int column) where T : struct => row.IsDBNull(column) ? null : row.GetFieldValue<T>(column);
            string? Text(int column) => row.IsDBNull(column) ? null : row.GetString(column);
            input = new IngestInputRow(
                row.GetFieldValue<DateTimeOffset>(0), Text(1), At<int>(2), At<int>(3), At<double>(4), At<int>(5), Text(6), At<int>(7), At<int>(8), At<int>(9));
        }

        return ([.. issues.OrderByDescending(i => i.Kind.Severity)], input);
    }
}

/// <summary>An encoder that is on the air.</summary>
/// <param name="HasSent">An earlier look at this connection found media arriving.</param>
public sealed record EncoderOnAir(Guid ChannelId, Guid SessionId, string ResourceId, string IngressId, DateTimeOffset BeganAt, bool HasSent);

/// <summary>What LiveKit last said of an encoder's input; null is what it does not know.</summary>
public sealed record IngestInputRow(
    DateTimeOffset SeenAt, string? VideoCodec, int? Width, int? Height, double? FramesPerSecond, int? VideoBitrate,
    string? AudioCodec, int? AudioBitrate, int? AudioChannels, int? SampleRate);
