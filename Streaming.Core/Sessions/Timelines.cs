using Npgsql;

namespace Streaming.Core.Sessions;

/// <summary>Reads what became of a session.</summary>
public sealed class Timelines(NpgsqlDataSource database)
{
    /// <returns>The reconnect window in seconds of the owner's session; null when he has no such session.</returns>
    public async Task<int?> WindowOf(Guid session, string owner, CancellationToken ct)
    {
        await using var command = database.CreateCommand(
            "select s.reconnect_window_seconds from sessions s join channels c on c.id = s.channel_id where s.id = @session and c.user_id = @owner");
        command.Parameters.AddWithValue("session", session);
        command.Parameters.AddWithValue("owner", owner);
        return (int?)await command.ExecuteScalarAsync(ct);
    }

    /// <param name="after">The id of the last entry of the page before.</param>
    public async Task<IReadOnlyList<RecordedChange>> Read(Guid session, long after, int count, CancellationToken ct)
    {
        await using var command = database.CreateCommand(
            """
            select id, transition, at, reason, cause, evidence, recorded_at, subject, replaced_by from timeline
            where session_id = @session and id > @after order by id limit @count
            """);
        command.Parameters.AddWithValue("session", session);
        command.Parameters.AddWithValue("after", after);
        command.Parameters.AddWithValue("count", count);
        var changes = new List<RecordedChange>();
        await using var row = await command.ExecuteReaderAsync(ct);
        while (await row.ReadAsync(ct))
        {
            changes.Add(new RecordedChange(
                row.GetInt64(0), Enum.Parse<Transition>(row.GetString(1)), row.GetFieldValue<DateTimeOffset>(2), row.IsDBNull(3) ? null : row.GetString(3),
                Enum.Parse<ChangeCause>(row.GetString(4)), row.GetString(5), row.GetFieldValue<DateTimeOffset>(6))
            {
                Subject = row.IsDBNull(7) ? null : row.GetString(7),
                ReplacedBy = row.IsDBNull(8) ? null : row.GetString(8),
            });
        }

        return changes;
    }

    /// <summary>Where the session stood at a moment, as far as is known now.</summary>
    /// <param name="reconnectWindowSeconds">The session's own.</param>
    public async Task<LiveState> StateAt(Guid session, DateTimeOffset at, int reconnectWindowSeconds, CancellationToken ct)
    {
        await using var command = database.CreateCommand(
            """
            select s.began_at, s.ended_at, case when s.ended_at = x.media_ended_at then x.reconnect_until end
            from ingest_segments s join sessions x on x.id = s.session_id
            where s.session_id = @session and s.began_at <= @at order by coalesce(s.ended_at, 'infinity') desc limit 1
            """);
        command.Parameters.AddWithValue("session", session);
        command.Parameters.AddWithValue("at", at);
        await using var row = await command.ExecuteReaderAsync(ct);
        if (!await row.ReadAsync(ct)) return LiveState.Offline;
        if (row.IsDBNull(1) || row.GetFieldValue<DateTimeOffset>(1) > at) return LiveState.Live;
        var until = row.IsDBNull(2) ? row.GetFieldValue<DateTimeOffset>(1).AddSeconds(reconnectWindowSeconds) : row.GetFieldValue<DateTimeOffset>(2); // we may have closed it before its time
        return at < until ? LiveState.Reconnecting : LiveState.Ended;
    }
}

/// <param name="Id">Grows in the order in which we learned of things.</param>
/// <param name="At">When it happened, as the facts have it.</param>
/// <param name="Evidence">The webhook event that told, or the segment that the reconciler or the API changed.</param>
public sealed record RecordedChange(long Id, Transition Transition, DateTimeOffset At, string? Reason, ChangeCause Cause, string Evidence, DateTimeOffset RecordedAt)
{
    /// <summary>What it speaks of within the session.</summary>
    public string? Subject { get; init; }

    /// <summary>Of a takeover: the segment that took the subject's place.</summary>
    public string? ReplacedBy { get; init; }
}
