using Npgsql;
using Streaming.Core.Data;
using Streaming.Core.Events;
using Streaming.Core.Viewers;

namespace Streaming.Core.Sessions;

/// <summary>Where channels stand, read from the sessions that the facts imply.</summary>
public sealed class ChannelStates(NpgsqlDataSource database)
{
    /// <summary>In one statement, so that the parts of the answer belong together.</summary>
    private const string ByOwners =
        $"""
        select c.id, s.id, s.started_at, s.reconnect_until, now(),
               case when s.id is null or s.reconnect_until is not null -- or it is live, whoever is there
                    then exists (select 1 from {Present.InRooms}
                                 where r.channel_id = c.id and p.role in ('Host', 'Ingress') and p.joined_at > coalesce(s.media_ended_at, '-infinity')
                                   and not exists (select 1 from cutoffs k where k.channel_id = c.id and (k.off_until > now() or k.enforced_at is null)))
                    else false end,
               coalesce((select beat_at < now() - @stale_after from worker_pulse where id = 1), true)
                   or {WorkerPulse.IsUnseen},
               c.visibility = 'Test', c.user_id
        from unnest(@users) as u (id)
        cross join lateral (select id, user_id, visibility from channels where user_id = u.id offset 0) c -- by the index, one after the other
        left join lateral (select * from sessions where channel_id = c.id order by started_at desc limit 1) s on true
        """;

    private readonly SharedReads<string, ChannelState> _ofOwners = new(owners => Read(database, owners));

    /// <returns>Null when the user has no channel.</returns>
    public Task<ChannelState?> OfOwner(string userId, CancellationToken ct) => _ofOwners.Of(userId, ct);

    private static async Task<IReadOnlyDictionary<string, ChannelState>> Read(NpgsqlDataSource database, IReadOnlyCollection<string> owners)
    {
        await using var command = database.CreateCommand(ByOwners);
        command.Parameters.AddWithValue("users", owners.ToArray());
        command.Parameters.AddWithValue("stale_after", WorkerPulse.StaleAfter);
        command.Parameters.AddWithValue("unseen_after", WorkerPulse.UnseenAfter);
        var states = new Dictionary<string, ChannelState>(owners.Count);
        await using var row = await command.ExecuteReaderAsync();
        while (await row.ReadAsync()) states[row.GetString(8)] = StateIn(row);
        return states;
    }

    private static ChannelState StateIn(NpgsqlDataReader row)
    {
        var now = row.GetFieldValue<DateTimeOffset>(4);
        var session = row.IsDBNull(1) ? (Guid?)null : row.GetGuid(1);
        var startedAt = row.IsDBNull(2) ? (DateTimeOffset?)null : row.GetFieldValue<DateTimeOffset>(2);
        var reconnectingUntil = row.IsDBNull(3) ? (DateTimeOffset?)null : row.GetFieldValue<DateTimeOffset>(3);
        var state = (session, reconnectingUntil) switch
        {
            (not null, null) => row.GetBoolean(7) ? LiveState.Test : LiveState.Live,
            (not null, { } until) when now < until => LiveState.Reconnecting,
            _ when row.GetBoolean(5) => LiveState.Starting,
            (not null, _) => LiveState.Ended,
            _ => LiveState.Offline,
        };
        var isRunning = state is LiveState.Live or LiveState.Test or LiveState.Reconnecting;
        return new ChannelState(
            row.GetGuid(0), state, isRunning ? startedAt : null, state == LiveState.Starting ? null : session,
            state == LiveState.Reconnecting ? reconnectingUntil : null, row.GetBoolean(6), now);
    }
}

/// <param name="StartedAt">Of the session that is running, live or reconnecting; else null.</param>
/// <param name="SessionId">The session that is running, or the last one.</param>
/// <param name="IsStale">No worker has given a sign of life lately, or LiveKit could not be asked: the answer may be out of date.</param>
/// <param name="AsOf">By Postgres' clock.</param>
public sealed record ChannelState(
    Guid ChannelId, LiveState State, DateTimeOffset? StartedAt, Guid? SessionId, DateTimeOffset? ReconnectingUntil, bool IsStale, DateTimeOffset AsOf);
