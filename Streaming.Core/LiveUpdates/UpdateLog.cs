using System.Text.Json;
using Npgsql;

namespace Streaming.Core.LiveUpdates;

/// <summary>
/// The one order of all updates. A row gets its position only after its transaction has committed, by whichever process looks next: positions
/// become visible in their order, so whoever has read up to one has missed none before it, which numbers drawn at the time of writing do not
/// give (a transaction that drew early may commit late). Nothing is held between two statements: a process that freezes or dies stops nobody.
/// </summary>
public sealed class UpdateLog(NpgsqlDataSource database)
{
    /// <summary>How long a client that was cut off can go on where it was.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromMinutes(15);

    /// <summary>Rows that one statement gives positions to, reads or deletes.</summary>
    public const int Piece = 5000;

    /// <summary>An arbitrary number that nothing else in this database locks.</summary>
    private const long Lock = 0x5354_5245_414D_0002;

    /// <summary>
    /// Whoever finds another at it leaves it to him. Rows that he placed meanwhile no longer have to be. By where rows are, not by their ids: Postgres
    /// knows nothing of a table that is empty most of the time, and would compare each with each.
    /// </summary>
    private const string Place =
        """
        with turn as materialized (select pg_try_advisory_xact_lock(@lock) as is_mine),
        due as materialized (
            select spot, row_number() over (order by id) as place
            from (select id, ctid as spot from updates where position is null and (select is_mine from turn) order by id limit @piece) unplaced),
        head as (update update_log set head = head + (select count(*) from due) where id = 1 and exists (select 1 from due) returning head - (select count(*) from due) as before)
        update updates u set position = head.before + due.place, published_at = clock_timestamp()
        from due, head where u.ctid = due.spot and u.position is null
        """;

    /// <summary>Gives their positions to updates that were committed.</summary>
    /// <returns>Where the log ends then.</returns>
    public async Task<LogEnds> Advance(CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        int placed;
        do
        {
            await using var place = new NpgsqlCommand(Place, connection) { Parameters = { new("lock", Lock), new("piece", Piece) } };
            placed = await place.ExecuteNonQueryAsync(ct);
        }
        while (placed == Piece);

        await using var read = new NpgsqlCommand("select head, forgotten from update_log where id = 1", connection);
        await using var row = await read.ExecuteReaderAsync(ct);
        return await row.ReadAsync(ct) ? new LogEnds(row.GetInt64(0), row.GetInt64(1)) : default;
    }

    /// <summary>What these audiences were told after one position and up to another, in order.</summary>
    /// <param name="upTo">Not later than an <see cref="LogEnds.Head"/> that was read.</param>
    public Task<IReadOnlyList<LoggedUpdate>> Read(long after, long upTo, Guid[] channels, string[] users, CancellationToken ct)
    {
        var command = database.CreateCommand(
            """
            select position, channel_id, user_id, is_for_owner, type, body::text, trace_parent from updates
            where position > @after and position <= @upTo and (channel_id = any(@channels) or user_id = any(@users))
            order by position limit @piece
            """);
        command.Parameters.AddRange(new NpgsqlParameter[] { new("after", after), new("upTo", upTo), new("channels", channels), new("users", users), new("piece", Piece) });
        return Read(command, ct);
    }

    /// <summary>Whether all that came after this position is still there.</summary>
    public async Task<bool> Keeps(long seen, CancellationToken ct)
    {
        await using var command = database.CreateCommand("select forgotten <= @seen from update_log where id = 1");
        command.Parameters.AddWithValue("seen", seen);
        return await command.ExecuteScalarAsync(ct) is true;
    }

    /// <summary>Deletes what is older than <see cref="Kept"/>. What has no position yet is given one first: nothing goes that nobody could have seen.</summary>
    /// <returns>How many.</returns>
    public async Task<long> Forget(CancellationToken ct)
    {
        await Advance(ct);
        var deleted = 0L;
        int piece;
        do
        {
            await using var command = database.CreateCommand(
                """
                with old as (
                    select position from (select position, published_at from updates where position is not null order by position limit @piece) first where published_at < now() - @kept),
                gone as (delete from updates u using old where u.position = old.position returning u.position),
                ends as (update update_log set forgotten = greatest(forgotten, (select max(position) from gone)) where id = 1 and exists (select 1 from gone))
                select count(*) from gone
                """);
            command.Parameters.AddRange(new NpgsqlParameter[] { new("piece", Piece), new("kept", Kept) });
            deleted += piece = (int)(long)(await command.ExecuteScalarAsync(ct))!;
        }
        while (piece == Piece);

        return deleted;
    }

    private static async Task<IReadOnlyList<LoggedUpdate>> Read(NpgsqlCommand command, CancellationToken ct)
    {
        await using var _ = command;
        var updates = new List<LoggedUpdate>();
        await using var row = await command.ExecuteReaderAsync(ct);
        while (await row.ReadAsync(ct))
            updates.Add(new LoggedUpdate(row.GetInt64(0), row.IsDBNull(1) ? null : row.GetGuid(1), row.IsDBNull(2) ? null : row.GetString(2), row.GetBoolean(3), row.GetString(4), row.GetString(5),
                row.IsDBNull(6) ? null : row.GetString(6)));
        return updates;
    }
}

/// <param name="Head">The last position that was given.</param>
/// <param name="Forgotten">The last one whose update is no longer kept.</param>
public readonly record struct LogEnds(long Head, long Forgotten)
{
    /// <summary>Whether a client that has seen this position, and nothing later, can be told exactly what followed.</summary>
    public bool Covers(long seen) => seen >= Forgotten && seen <= Head;
}

/// <param name="ChannelId">Null when it is for a user.</param>
/// <param name="UserId">Null when it is for a channel.</param>
/// <param name="IsForOwner">See <see cref="Update.IsForOwner"/>.</param>
/// <param name="Body">JSON in one line.</param>
/// <param name="TraceParent">See <see cref="Update.TraceParent"/>.</param>
public sealed record LoggedUpdate(long Position, Guid? ChannelId, string? UserId, bool IsForOwner, string Type, string Body, string? TraceParent)
{
    /// <summary>Of those for the server itself: whom it concerns; null for everybody.</summary>
    public string? Concerned => JsonDocument.Parse(Body).RootElement.TryGetProperty("userId", out var user) ? user.GetString() : null;
}
