using Npgsql;
using Streaming.Core.LiveUpdates;
using Streaming.Core.Streams;

namespace Streaming.Core.Social;

/// <summary>
/// Tells followers that somebody is live: once for each session, when it has been on the air for a moment, and piece by piece. What is to be
/// done is written in the database, so that a worker that is killed leaves nobody out and nobody told twice.
/// </summary>
public sealed class GoLiveNotices(NpgsqlDataSource database)
{
    /// <summary>So long media must have arrived: who only tries his encoder calls nobody.</summary>
    public static readonly TimeSpan LiveFor = TimeSpan.FromSeconds(10);

    /// <summary>Of <c>channels c</c>: whoever follows may find it.</summary>
    private const string MayBeTold = $"c.visibility in ('Public', 'Followers') and c.erased_at is null and not {Suspensions.SuspendedOwner}";

    /// <summary>Of <c>notice_fan_outs o</c>: the broadcast still runs, under whatever id.</summary>
    private const string StillRuns =
        "exists (select 1 from sessions x where x.channel_id = o.channel_id and x.started_at <= o.session_started_at and (x.media_ended_at is null or x.reconnect_until > now()))";

    /// <summary>Notes the sessions whose followers are to be told from now on.</summary>
    /// <returns>How many.</returns>
    public async Task<int> Open(CancellationToken ct)
    {
        await using var command = database.CreateCommand(
            $"""
            insert into notice_fan_outs (session_id, channel_id, session_started_at, opened_at, position, told, moved_at)
            select s.id, s.channel_id, s.started_at, now(), '', 0, now()
            from (select * from sessions where media_ended_at is null and started_at <= now() - @live_for) s
            join channels c on c.id = s.channel_id
            where {MayBeTold}
              and not exists (select 1 from notice_fan_outs o where o.channel_id = s.channel_id and o.session_started_at >= s.started_at)
              and (select sum(least(coalesce(g.ended_at, now()), now()) - g.began_at) from ingest_segments g
                   where g.channel_id = s.channel_id and g.session_id = s.id and g.began_at <= now()) >= @live_for
            on conflict (session_id) do nothing
            """);
        command.Parameters.AddWithValue("live_for", LiveFor);
        return await command.ExecuteNonQueryAsync(ct);
    }

    /// <summary>Tells the next piece of somebody's followers. Who has muted him, may not watch, or follows only since, is passed over.</summary>
    /// <param name="most">How many are looked at.</param>
    /// <returns>How many were told; null when there is nobody to tell.</returns>
    public async Task<int?> TellSome(int most, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        if (await Next(connection, ct) is not { } next) return null;
        await using var command = new NpgsqlCommand(
            """
            with piece as materialized (
                select follower_id, notify and followed_at <= @opened
                    and not exists (select 1 from bans b where b.channel_id = @channel and b.person = 'viewer:' || follower_id and b.scope = 'Stream' and b.until > now()) as is_told
                from follows
                where followee_id = @followee and follower_id > @position order by follower_id limit @most
            ), told as (
                insert into notices (user_id, session_id, channel_id, at) select follower_id, @session, @channel, now() from piece where is_told
                on conflict (user_id, session_id) do nothing returning user_id
            ), updated as (
                insert into updates (user_id, type, body) select user_id, @type, @body::jsonb from told
            )
            update notice_fan_outs set
                position = case when (select count(*) from piece) < @most then '' else (select max(follower_id) from piece) end, told = told + (select count(*) from told),
                moved_at = clock_timestamp(), closed_at = case when (select count(*) from piece) < @most then now() end
            where session_id = @session
            returning (select count(*) from told)::int
            """, connection)
        {
            Parameters =
            {
                new("session", next.News.SessionId), new("channel", next.Channel), new("followee", next.News.UserId), new("position", next.Position),
                new("opened", next.OpenedAt), new("most", most), new("type", UpdateTypes.WentLive), new("body", UpdateBody.Write(next.News)),
            },
        };
        var told = (int)(await command.ExecuteScalarAsync(ct))!;
        await transaction.CommitAsync(ct);
        return told;
    }

    /// <summary>Ends what is open of sessions that are over: nobody is told that somebody is live who is not.</summary>
    public async Task Close(CancellationToken ct)
    {
        await using var command = database.CreateCommand($"update notice_fan_outs o set closed_at = now(), position = '' where o.closed_at is null and not {StillRuns}");
        await command.ExecuteNonQueryAsync(ct);
    }

    /// <summary>The one that waits longest, locked: two workers, should both think that they lead, take different ones.</summary>
    private static async Task<(Guid Channel, string Position, DateTimeOffset OpenedAt, WentLive News)?> Next(NpgsqlConnection connection, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(
            $"""
            select o.channel_id, o.position, o.opened_at, o.session_id, c.user_id, u.username, n.title, o.session_started_at
            from notice_fan_outs o join channels c on c.id = o.channel_id join users u on u.id = c.user_id join session_snapshots n on n.session_id = o.session_id
            where o.closed_at is null and {MayBeTold} and {StillRuns}
            order by o.moved_at limit 1 for no key update of o skip locked
            """, connection);
        await using var row = await command.ExecuteReaderAsync(ct);
        if (!await row.ReadAsync(ct)) return null;
        var news = new WentLive(row.GetGuid(3), row.GetString(4), row.IsDBNull(5) ? null : row.GetString(5), row.GetString(6), row.GetFieldValue<DateTimeOffset>(7));
        return (row.GetGuid(0), row.GetString(1), row.GetFieldValue<DateTimeOffset>(2), news);
    }
}
