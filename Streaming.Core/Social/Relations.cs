using Npgsql;
using Streaming.Core.Data;
using Streaming.Core.Viewers;

namespace Streaming.Core.Social;

/// <summary>
/// Who follows and who blocks whom. Each change first locks the two users in one order, so that a follow and a block of the same two wait
/// for each other: the later one sees the earlier. The database itself counts the followers and notes which rooms have to be looked at.
/// </summary>
public sealed class Relations(NpgsqlDataSource database, TimeProvider time)
{
    private static readonly IReadOnlySet<string> Nobody = new HashSet<string>();

    private readonly SharedReads<string, IReadOnlySet<string>> _apart = new(users => Apart(database, users));

    /// <param name="notify">Whether he wants to be told when the other goes live; null: as he has it, and at first yes.</param>
    /// <returns>Since when, and whether he is told; null when there is no such user, or either has blocked the other.</returns>
    public async Task<(DateTimeOffset Since, bool Notify)?> Follow(string follower, string followee, bool? notify, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        if (!await LockBoth(connection, follower, followee, ct)) return null;
        await using var write = new NpgsqlCommand(
            """
            insert into follows as f (follower_id, followee_id, followed_at, notify)
            select @mine, @theirs, @now, coalesce(@notify, true)
            where not exists (select 1 from blocks where (blocker_id, blocked_id) in ((@mine, @theirs), (@theirs, @mine)))
            on conflict (follower_id, followee_id) do update set notify = coalesce(@notify, f.notify)
            returning followed_at, notify
            """, connection);
        Name(write, follower, followee);
        write.Parameters.AddWithValue("now", time.GetUtcNow());
        write.Parameters.Add(new NpgsqlParameter<bool?>("notify", notify));
        (DateTimeOffset Since, bool Notify)? follow = null;
        await using (var row = await write.ExecuteReaderAsync(ct))
            if (await row.ReadAsync(ct)) follow = (row.GetFieldValue<DateTimeOffset>(0), row.GetBoolean(1));
        await transaction.CommitAsync(ct);
        return follow;
    }

    public async Task Unfollow(string follower, string followee, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        if (!await LockBoth(connection, follower, followee, ct)) return;
        await using var write = new NpgsqlCommand("delete from follows where follower_id = @mine and followee_id = @theirs", connection);
        Name(write, follower, followee);
        await write.ExecuteNonQueryAsync(ct);
        await transaction.CommitAsync(ct);
    }

    /// <summary>Also ends their following each other.</summary>
    /// <returns>Since when; null when there is no such user.</returns>
    public async Task<DateTimeOffset?> Block(string blocker, string blocked, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        if (!await LockBoth(connection, blocker, blocked, ct)) return null;
        await using var write = new NpgsqlCommand(
            """
            with ended as (delete from follows where (follower_id, followee_id) in ((@mine, @theirs), (@theirs, @mine)))
            insert into blocks (blocker_id, blocked_id, blocked_at) values (@mine, @theirs, @now)
            on conflict (blocker_id, blocked_id) do update set blocked_at = blocks.blocked_at
            returning blocked_at
            """, connection);
        Name(write, blocker, blocked);
        write.Parameters.AddWithValue("now", time.GetUtcNow());
        var since = new DateTimeOffset((DateTime)(await write.ExecuteScalarAsync(ct))!);
        await transaction.CommitAsync(ct);
        return since;
    }

    public async Task Unblock(string blocker, string blocked, CancellationToken ct)
    {
        await using var write = database.CreateCommand("delete from blocks where blocker_id = @mine and blocked_id = @theirs");
        Name(write, blocker, blocked);
        await write.ExecuteNonQueryAsync(ct);
    }

    /// <summary>Whom somebody has blocked, and who has blocked him or banned him from his stream: he is shown none of their channels.</summary>
    public async Task<IReadOnlySet<string>> KeptApart(string user, CancellationToken ct) => await _apart.Of(user, ct) ?? Nobody;

    private static async Task<IReadOnlyDictionary<string, IReadOnlySet<string>>> Apart(NpgsqlDataSource database, IReadOnlyCollection<string> users)
    {
        await using var read = database.CreateCommand(
            $"""
            select blocker_id, blocked_id from blocks where blocker_id = any(@users)
            union all select blocked_id, blocker_id from blocks where blocked_id = any(@users)
            union all select n.user_id, c.user_id from bans n join channels c on c.id = n.channel_id where n.user_id = any(@users) and n.scope = '{nameof(BanScope.Stream)}' and n.until > now()
            """);
        read.Parameters.AddWithValue("users", users.ToArray());
        var apart = new Dictionary<string, IReadOnlySet<string>>();
        await using var row = await read.ExecuteReaderAsync();
        while (await row.ReadAsync())
        {
            if (!apart.TryGetValue(row.GetString(0), out var others)) apart.Add(row.GetString(0), others = new HashSet<string>());
            ((HashSet<string>)others).Add(row.GetString(1));
        }

        return apart;
    }

    private static async Task<bool> LockBoth(NpgsqlConnection connection, string one, string other, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(
            "select count(*) from (select id from users where id in (@mine, @theirs) order by id for no key update) both_users", connection);
        Name(command, one, other);
        return (long)(await command.ExecuteScalarAsync(ct))! == 2;
    }

    private static void Name(NpgsqlCommand command, string mine, string theirs)
    {
        command.Parameters.AddWithValue("mine", mine);
        command.Parameters.AddWithValue("theirs", theirs);
    }
}
