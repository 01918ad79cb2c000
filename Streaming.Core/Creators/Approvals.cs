using Npgsql;

namespace Streaming.Core.Creators;

/// <summary>Who is an approved creator now: asked at every call of a creator, so in one plain statement.</summary>
public sealed class Approvals(NpgsqlDataSource database)
{
    public async Task<bool> IsApproved(string userId, CancellationToken ct)
    {
        await using var command = database.CreateCommand("select exists (select 1 from creator_applications where user_id = @user and status = @approved)");
        command.Parameters.AddWithValue("user", userId);
        command.Parameters.AddWithValue("approved", nameof(ApplicationStatus.Approved));
        return (bool)(await command.ExecuteScalarAsync(ct))!;
    }
}
