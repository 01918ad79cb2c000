using Npgsql;

namespace Streaming.Core.Discovery;

/// <summary>The channels of those whom somebody follows.</summary>
public sealed class FollowedChannels(NpgsqlDataSource database)
{
    /// <returns>Those that are live first, the latest to begin before others; then those that are not, the latest to stop before others.</returns>
    public async Task<ListOrder> Of(string user, CancellationToken ct)
    {
        await using var command = database.CreateCommand(
            $"""
            select c.id from follows f join channels c on c.user_id = f.followee_id
            {Listed.LastSession}
            where f.follower_id = @user and {Listed.ToFollower} and {Listed.NotKeptApart}
            order by s.started_at is not null and s.media_ended_at is null desc, coalesce(s.media_ended_at, s.started_at) desc nulls last, f.followed_at desc, c.id
            """);
        command.Parameters.AddWithValue("user", user);
        var channels = new List<Guid>();
        await using var row = await command.ExecuteReaderAsync(ct);
        while (await row.ReadAsync(ct)) channels.Add(row.GetGuid(0));
        return new ListOrder([.. channels]);
    }
}
