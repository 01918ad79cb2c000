using Npgsql;
using Streaming.Core.Data;

namespace Streaming.Core.Creators;

/// <summary>Who is an approved creator now: asked at every call of a creator, in one plain statement for all who call at the same time.</summary>
public sealed class Approvals(NpgsqlDataSource database)
{
    private readonly SharedReads<string, bool> _approved = new(users => Read(database, users));

    public Task<bool> IsApproved(string userId, CancellationToken ct) => _approved.Of(userId, ct);

    private static async Task<IReadOnlyDictionary<string, bool>> Read(NpgsqlDataSource database, IReadOnlyCollection<string> users)
    {
        await using var command = database.CreateCommand(
            $"""
            select u.id from unnest(@users) as u (id)
            cross join lateral (select 1 from creator_applications where user_id = u.id and status = '{nameof(ApplicationStatus.Approved)}' limit 1) a -- by the index, one after the other
            """);
        command.Parameters.AddWithValue("users", users.ToArray());
        var approved = new Dictionary<string, bool>(users.Count);
        await using var row = await command.ExecuteReaderAsync();
        while (await row.ReadAsync()) approved[row.GetString(0)] = true;
        return approved;
    }
}
