using Npgsql;

namespace Streaming.Core.Sessions;

/// <summary>
/// How many people watched sessions: at most at once, and on average over the time in which media was arriving. Both follow from who was in
/// the room from when to when; people are counted, whatever the number of their devices, and the creator is not among them.
/// </summary>
public sealed class Audiences(NpgsqlDataSource database)
{
    /// <summary>By then LiveKit has told all that it will: the numbers are written down and stay.</summary>
    public static readonly TimeSpan SettledAfter = TimeSpan.FromHours(1);

    private const int Piece = 10; // of which each may have had many thousands in its room

    /// <summary>Ends of a stay are those by which viewers are counted: he left, he was missing, his room closed or was opened anew.</summary>
    private const string Counted =
        """
        with live as (
            select s.id, s.channel_id, range_agg(tstzrange(g.began_at, coalesce(g.ended_at, now()))) as ranges
            from sessions s join ingest_segments g on g.channel_id = s.channel_id and g.session_id = s.id
            where s.id = any(@ids) and g.began_at < coalesce(g.ended_at, now())
            group by s.id
        ), watched as (
            select l.id, range_agg(tstzrange(p.joined_at, stay.until)) * l.ranges as ranges
            from live l
            join room_sessions r on r.channel_id = l.channel_id and coalesce(r.finished_at, 'infinity') > lower(l.ranges)
            join presences p on p.room_sid = r.room_sid and p.role = 'Viewer' and p.joined_at < upper(l.ranges)
            cross join lateral (select least(
                coalesce(p.left_at, case when not coalesce(p.seen_at > p.missing_at, false) then p.missing_at end), r.finished_at,
                case when r.started_at > p.joined_at then r.started_at end, now()) as until) stay
            where p.joined_at < stay.until and p.person <> (select 'viewer:' || c.user_id from channels c where c.id = l.channel_id)
            group by l.id, l.ranges, p.person
        ), spans as (
            select w.id, span from watched w cross join lateral unnest(w.ranges) as span
        ), moments as (
            select id, at, sum(sum(step)) over (partition by id order by at) as viewers
            from (select id, lower(span) as at, 1 as step from spans union all select id, upper(span), -1 from spans) steps
            group by id, at
        )
        select asked.id, coalesce((select max(viewers) from moments m where m.id = asked.id), 0)::bigint as peak,
               coalesce((select sum(extract(epoch from upper(span) - lower(span))) from spans where spans.id = asked.id)
                   / (select sum(extract(epoch from upper(span) - lower(span))) from unnest(l.ranges) as span), 0)::double precision as average
        from unnest(@ids) as asked (id) left join live l on l.id = asked.id
        """;

    /// <summary>Of a session that is running, up to now.</summary>
    public async Task<IReadOnlyDictionary<Guid, Audience>> Of(IReadOnlyCollection<Guid> sessions, CancellationToken ct)
    {
        var audiences = new Dictionary<Guid, Audience>();
        await Read("select session_id, peak_viewers, average_viewers from session_audiences where session_id = any(@ids)", [.. sessions], audiences, ct);
        if (sessions.Where(id => !audiences.ContainsKey(id)).ToArray() is { Length: > 0 } open) await Read(Counted, open, audiences, ct);
        return audiences;
    }

    /// <summary>Writes down the numbers of sessions that are over. To be done before anybody's presence is forgotten.</summary>
    /// <returns>Of how many.</returns>
    public async Task<int> Settle(CancellationToken ct)
    {
        var settled = 0;
        while (await Unsettled(ct) is { Length: > 0 } sessions)
        {
            await using var write = database.CreateCommand(
                $"""
                insert into session_audiences (session_id, peak_viewers, average_viewers, settled_at)
                select id, peak, average, now() from ({Counted}) counted where exists (select 1 from sessions s where s.id = counted.id)
                on conflict (session_id) do nothing
                """);
            write.Parameters.AddWithValue("ids", sessions);
            await write.ExecuteNonQueryAsync(ct);
            settled += sessions.Length;
        }

        return settled;
    }

    private async Task<Guid[]> Unsettled(CancellationToken ct)
    {
        await using var command = database.CreateCommand(
            "select s.id from sessions s where s.reconnect_until < now() - @after and not exists (select 1 from session_audiences a where a.session_id = s.id) limit @piece");
        command.Parameters.AddWithValue("after", SettledAfter);
        command.Parameters.AddWithValue("piece", Piece);
        var sessions = new List<Guid>();
        await using var row = await command.ExecuteReaderAsync(ct);
        while (await row.ReadAsync(ct)) sessions.Add(row.GetGuid(0));
        return [.. sessions];
    }

    private async Task Read(string sql, Guid[] sessions, Dictionary<Guid, Audience> into, CancellationToken ct)
    {
        await using var command = database.CreateCommand(sql);
        command.Parameters.AddWithValue("ids", sessions);
        await using var row = await command.ExecuteReaderAsync(ct);
        while (await row.ReadAsync(ct)) into[row.GetGuid(0)] = new Audience(row.GetInt64(1), row.GetDouble(2));
    }
}

/// <param name="Peak">Most people at once.</param>
/// <param name="Average">People on average, over the time in which media was arriving.</param>
public readonly record struct Audience(long Peak, double Average);
