using Npgsql;

namespace Streaming.Core.Viewers;

/// <summary>Whom a creator has let into his private channel.</summary>
public sealed class AllowedViewers(NpgsqlDataSource database, TimeProvider time)
{
    /// <summary>The channel is locked meanwhile, so that two at once do not both take the last place.</summary>
    public async Task<Allowing> Allow(string creator, string user, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await using var find = new NpgsqlCommand("select id from channels where user_id = @creator for no key update", connection) { Parameters = { new("creator", creator) } };
        if (await find.ExecuteScalarAsync(ct) is not Guid channel) return Allowing.NoChannel;
        await using var write = new NpgsqlCommand(
            """
            insert into allowed_viewers (channel_id, user_id, allowed_at)
            select @channel, id, @now from users where id = @user and (select count(*) from allowed_viewers where channel_id = @channel) < @most
            on conflict do nothing
            """, connection)
        { Parameters = { new("channel", channel), new("user", user), new("now", time.GetUtcNow()), new("most", (long)AllowedViewer.Most) } };
        await write.ExecuteNonQueryAsync(ct);
        await using var read = new NpgsqlCommand(
            "select exists (select 1 from allowed_viewers where channel_id = @channel and user_id = @user), exists (select 1 from users where id = @user)", connection)
        { Parameters = { new("channel", channel), new("user", user) } };
        Allowing outcome;
        await using (var row = await read.ExecuteReaderAsync(ct))
        {
            await row.ReadAsync(ct);
            outcome = row.GetBoolean(0) ? Allowing.Allowed : row.GetBoolean(1) ? Allowing.Full : Allowing.NoUser;
        }

        await transaction.CommitAsync(ct);
        return outcome;
    }

    /// <returns><see cref="Allowing.Allowed"/> when he was let in until now, <see cref="Allowing.NoUser"/> when he was not.</returns>
    public async Task<Allowing> Disallow(string creator, string user, CancellationToken ct)
    {
        await using var command = database.CreateCommand(
            """
            with channel as (select id from channels where user_id = @creator),
                 gone as (delete from allowed_viewers a using channel where a.channel_id = channel.id and a.user_id = @user returning 1)
            select exists (select 1 from channel), exists (select 1 from gone)
            """);
        command.Parameters.AddWithValue("creator", creator);
        command.Parameters.AddWithValue("user", user);
        await using var row = await command.ExecuteReaderAsync(ct);
        await row.ReadAsync(ct);
        return !row.GetBoolean(0) ? Allowing.NoChannel : row.GetBoolean(1) ? Allowing.Allowed : Allowing.NoUser;
    }
}

/// <summary>What became of letting somebody in.</summary>
public enum Allowing
{
    Allowed,
    NoChannel,
    NoUser,

    /// <summary>The channel has let in <see cref="AllowedViewer.Most"/> already.</summary>
    Full,
}
