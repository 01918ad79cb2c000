using Npgsql;
using Streaming.Core.Data;

namespace Streaming.Core.LiveUpdates;

/// <summary>
/// Writes updates for those who follow <c>/api/stream/{id}/events</c> and <c>/api/me/events</c>, who have them a quarter of a second after the
/// commit. Always in the transaction of the change that they tell of: with Entity Framework by <see cref="Append(StreamingDb, Update)"/> before
/// <c>SaveChanges</c>, else on the connection that has the transaction. Rows need nothing but <c>channel_id</c> or <c>user_id</c>, <c>type</c>
/// and <c>body</c>, so a statement of one's own may write many at once: <c>insert into updates (user_id, type, body) select …</c>.
/// Whoever writes of one channel or user twice holds its lock, as everybody does; the order of such updates is that of their writing.
/// </summary>
public static class Updates
{
    /// <summary>Saved by the same <c>SaveChanges</c> as the change.</summary>
    public static void Append(this StreamingDb db, Update update) => db.Updates.Add(update);

    /// <summary>The same to each of these users, in one statement.</summary>
    /// <param name="connection">Of the transaction of the change.</param>
    /// <param name="type">One of <see cref="UpdateTypes"/>.</param>
    public static async Task AppendToUsers(NpgsqlConnection connection, IReadOnlyCollection<string> users, string type, object body, CancellationToken ct)
    {
        if (users.Count == 0) return;
        await using var write = new NpgsqlCommand("insert into updates (user_id, type, body) select u, @type, @body::jsonb from unnest(@users) u", connection);
        write.Parameters.AddWithValue("users", users.ToArray());
        write.Parameters.AddWithValue("type", type);
        write.Parameters.AddWithValue("body", UpdateBody.Write(body));
        await write.ExecuteNonQueryAsync(ct);
    }
}
