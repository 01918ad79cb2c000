using Npgsql;

namespace Streaming.Core.Viewers;

/// <summary>
/// Whom creators keep out. The database notes by itself that a room has to be looked at when one comes, changes or goes, and a ban whose time is
/// over is taken away by the workers so that it goes like any other.
/// </summary>
public sealed class Bans(NpgsqlDataSource database)
{
    /// <param name="duration">Null: for good.</param>
    /// <returns>Since when and until when; null when there is no such person.</returns>
    public async Task<(DateTimeOffset Since, DateTimeOffset Until)?> Ban(Guid channel, Visitor whom, BanScope scope, TimeSpan? duration, string? reason, string by, CancellationToken ct)
    {
        await using var command = database.CreateCommand(
            """
            with him as (
                select id from users where id = @user for key share), -- he is not forgotten meanwhile
            guest as (
                select 1 where @user is null and (exists (select 1 from guest_addresses where person = @person)
                    or exists (select 1 from room_sessions join presences using (channel_id, room_sid) where channel_id = @channel and person = @person)))
            insert into bans as b (channel_id, person, user_id, scope, reason, banned_by, banned_at, until)
            select @channel, @person, known.id, @scope, @reason, @by, now(), coalesce(now() + @duration, 'infinity') from (select id from him union all select null from guest) known
            on conflict (channel_id, person) do update
            set scope = excluded.scope, reason = excluded.reason, banned_by = excluded.banned_by, banned_at = excluded.banned_at, until = excluded.until
            returning b.banned_at, b.until
            """);
        command.Parameters.AddRange((NpgsqlParameter[])[
            new("channel", channel), new("person", whom.Person!), Text("user", whom.UserId), new("scope", scope.ToString()), Text("reason", reason), new("by", by),
            new("duration", NpgsqlTypes.NpgsqlDbType.Interval) { Value = duration is { } time ? time : DBNull.Value }]);
        await using var row = await command.ExecuteReaderAsync(ct);
        return await row.ReadAsync(ct) ? (row.GetFieldValue<DateTimeOffset>(0), row.GetFieldValue<DateTimeOffset>(1)) : null;
    }

    public async Task Lift(Guid channel, Visitor whom, CancellationToken ct)
    {
        await using var command = database.CreateCommand("delete from bans where channel_id = @channel and person = @person");
        command.Parameters.AddWithValue("channel", channel);
        command.Parameters.AddWithValue("person", whom.Person!);
        await command.ExecuteNonQueryAsync(ct);
    }

    private static NpgsqlParameter Text(string name, string? value) => new(name, NpgsqlTypes.NpgsqlDbType.Text) { Value = value is null ? DBNull.Value : value };
}
