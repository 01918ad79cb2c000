using Npgsql;

namespace Streaming.Core.Creators;

/// <summary>Who is an administrator now: asked at every call, so that its loss counts at once.</summary>
public sealed class Administrators(NpgsqlDataSource database)
{
    public async Task<bool> Include(string userId, CancellationToken ct)
    {
        await using var command = database.CreateCommand("select exists (select 1 from administrators where user_id = @user)");
        command.Parameters.AddWithValue("user", userId);
        return (bool)(await command.ExecuteScalarAsync(ct))!;
    }
}
