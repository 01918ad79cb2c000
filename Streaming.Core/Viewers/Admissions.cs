using Npgsql;
using Streaming.Core.Streams;

namespace Streaming.Core.Viewers;

/// <summary>Reads what decides who may watch: asked each time, in one statement, so that a change counts at once.</summary>
public sealed class Admissions(NpgsqlDataSource database)
{
    private const string Facts =
        $"""
        select c.id, c.user_id, p.user_id, c.visibility, c.allows_guests, c.is_chat_enabled, c.is_chat_delayed, c.is_chat_followers_only,
               exists (select 1 from blocks b where (b.blocker_id = c.user_id and b.blocked_id = p.user_id) or (b.blocker_id = p.user_id and b.blocked_id = c.user_id)),
               (select f.followed_at from follows f where f.follower_id = p.user_id and f.followee_id = c.user_id),
               exists (select 1 from allowed_viewers a where a.channel_id = c.id and a.user_id = p.user_id),
               (select u.username from users u where u.id = p.user_id),
               {Suspensions.SuspendedOwner}
        from channels c cross join unnest(@users::text[]) as p (user_id)
        """;

    /// <param name="user">Null for a guest.</param>
    /// <returns>Null when the creator has no channel.</returns>
    public async Task<Admission?> ToChannelOf(string host, string? user, CancellationToken ct) =>
        (await Read("where c.user_id = @key", host, [user], ct)).SingleOrDefault();

    /// <inheritdoc cref="ToChannelOf"/>
    /// <param name="username">The creator's.</param>
    public async Task<Admission?> ToPageOf(string username, string? user, CancellationToken ct) =>
        (await Read("where c.user_id = (select id from users where username = @key)", username, [user], ct)).SingleOrDefault();

    /// <summary>Of several people to one channel. None when there is no such channel.</summary>
    public Task<IReadOnlyList<Admission>> To(Guid channel, IReadOnlyCollection<string?> users, CancellationToken ct) =>
        Read("where c.id = @key", channel, users, ct);

    private async Task<IReadOnlyList<Admission>> Read(string where, object key, IReadOnlyCollection<string?> users, CancellationToken ct)
    {
        await using var command = database.CreateCommand($"{Facts}\n{where}");
        command.Parameters.AddWithValue("key", key);
        command.Parameters.AddWithValue("users", users.ToArray());
        var admissions = new List<Admission>(users.Count);
        await using var row = await command.ExecuteReaderAsync(ct);
        while (await row.ReadAsync(ct))
            admissions.Add(new Admission(
                row.GetGuid(0), row.GetString(1), row.IsDBNull(2) ? null : row.GetString(2), Enum.Parse<Visibility>(row.GetString(3)), row.GetBoolean(4),
                row.GetBoolean(5), row.GetBoolean(6), row.GetBoolean(7), row.GetBoolean(8), row.IsDBNull(9) ? null : row.GetFieldValue<DateTimeOffset>(9), row.GetBoolean(10),
                row.IsDBNull(11) ? null : row.GetString(11), row.GetBoolean(12)));
        return admissions;
    }
}
