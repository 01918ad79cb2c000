using Npgsql;

namespace Streaming.Core.Sessions;

/// <summary>Writes and reads markers.</summary>
public sealed class Markers(NpgsqlDataSource database, TimeProvider time)
{
    /// <summary>A session's: those of its channel that lie within it.</summary>
    private const string Within = "from markers m join sessions s on s.channel_id = m.channel_id and m.at >= s.started_at and m.at < coalesce(s.reconnect_until, 'infinity')";

    /// <summary>The channel is locked meanwhile, so that two at once do not both take the last place, and the session does not change under it.</summary>
    /// <param name="at">Null for now.</param>
    /// <returns>The marker, or why there is none.</returns>
    public async Task<(PlacedMarker? Placed, MarkerRefusal? Refusal)> Place(string owner, string? description, DateTimeOffset? at, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await using var find = new NpgsqlCommand("select id from channels where user_id = @owner for no key update", connection) { Parameters = { new("owner", owner) } };
        if (await find.ExecuteScalarAsync(ct) is not Guid channel) return (null, MarkerRefusal.NoChannel);
        if (await Running(connection, channel, ct) is not { } session) return (null, MarkerRefusal.NotLive);
        var now = session.Now > session.StartedAt ? session.Now : session.StartedAt; // should LiveKit's clock be ahead of ours
        var moment = at ?? now;
        if (moment < session.StartedAt || moment > now) return (null, MarkerRefusal.OutsideSession);
        if (session.Markers >= Marker.Most) return (null, MarkerRefusal.Full);

        var id = Guid.CreateVersion7(time.GetUtcNow());
        await using var write = new NpgsqlCommand("insert into markers (id, channel_id, at, description) values (@id, @channel, @at, @description)", connection)
        { Parameters = { new("id", id), new("channel", channel), new("at", moment), new("description", (object?)description ?? DBNull.Value) } };
        await write.ExecuteNonQueryAsync(ct);
        await transaction.CommitAsync(ct);
        return (new PlacedMarker(id, session.Id, moment, moment - session.StartedAt, description), null);
    }

    /// <summary>In the order of time.</summary>
    public async Task<IReadOnlyList<PlacedMarker>> Of(Guid session, CancellationToken ct)
    {
        await using var command = database.CreateCommand($"select m.id, m.at, m.at - s.started_at, m.description {Within} where s.id = @session order by m.at, m.id");
        command.Parameters.AddWithValue("session", session);
        var markers = new List<PlacedMarker>();
        await using var row = await command.ExecuteReaderAsync(ct);
        while (await row.ReadAsync(ct))
            markers.Add(new PlacedMarker(row.GetGuid(0), session, row.GetFieldValue<DateTimeOffset>(1), row.GetTimeSpan(2), row.IsDBNull(3) ? null : row.GetString(3)));
        return markers;
    }

    private static async Task<(Guid Id, DateTimeOffset StartedAt, DateTimeOffset Now, long Markers)?> Running(NpgsqlConnection connection, Guid channel, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(
            $"""
            select x.id, x.started_at, now(), (select count(*) {Within} where s.id = x.id)
            from (select * from sessions where channel_id = @channel order by started_at desc limit 1) x
            where x.media_ended_at is null or x.reconnect_until > now()
            """, connection);
        command.Parameters.AddWithValue("channel", channel);
        await using var row = await command.ExecuteReaderAsync(ct);
        return await row.ReadAsync(ct) ? (row.GetGuid(0), row.GetFieldValue<DateTimeOffset>(1), row.GetFieldValue<DateTimeOffset>(2), row.GetInt64(3)) : null;
    }
}

/// <param name="SessionId">In which it lies, as far as is known now.</param>
/// <param name="Offset">From the session's beginning.</param>
public sealed record PlacedMarker(Guid Id, Guid SessionId, DateTimeOffset At, TimeSpan Offset, string? Description);

/// <summary>Why there is no marker.</summary>
public enum MarkerRefusal
{
    NoChannel,

    /// <summary>No session is running.</summary>
    NotLive,

    /// <summary>The moment is before the session's beginning, or is yet to come.</summary>
    OutsideSession,

    /// <summary>The session has <see cref="Marker.Most"/> already.</summary>
    Full,
}
