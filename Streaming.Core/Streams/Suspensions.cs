using Npgsql;

namespace Streaming.Core.Streams;

/// <summary>Who is suspended now: asked at every call that it forbids, so that it counts, and ends, at once.</summary>
public sealed class Suspensions(NpgsqlDataSource database)
{
    /// <summary>For a query of one's own over <c>channels c</c>.</summary>
    public const string SuspendedOwner = "exists (select 1 from suspensions s where s.user_id = c.user_id and s.lifted_at is null and s.until > now())";

    public async Task<bool> IsSuspended(string userId, CancellationToken ct) => await Exists("user_id = @id", userId, ct);

    /// <summary>Whether the channel's owner is.</summary>
    public async Task<bool> IsSuspended(Guid channel, CancellationToken ct) => await Exists("user_id = (select user_id from channels where id = @id)", channel, ct);

    /// <summary>Channels whose owner is suspended and whose room may still have somebody in it.</summary>
    public async Task<IReadOnlyList<Guid>> Channels(CancellationToken ct)
    {
        await using var command = database.CreateCommand($"select c.id from channels c where {SuspendedOwner}");
        var channels = new List<Guid>();
        await using var row = await command.ExecuteReaderAsync(ct);
        while (await row.ReadAsync(ct)) channels.Add(row.GetGuid(0));
        return channels;
    }

    private async Task<bool> Exists(string whose, object id, CancellationToken ct)
    {
        await using var command = database.CreateCommand($"select exists (select 1 from suspensions where {whose} and lifted_at is null and until > now())");
        command.Parameters.AddWithValue("id", id);
        return (bool)(await command.ExecuteScalarAsync(ct))!;
    }
}
