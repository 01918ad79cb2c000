using Npgsql;
using Streaming.Core.Viewers;

namespace Streaming.Core.Discovery;

/// <summary>Reads channels for a list, as they are now. Who may not be shown to the caller, or not any more, is not among them.</summary>
public sealed class ChannelCards(NpgsqlDataSource database, ViewerCounts viewers)
{
    /// <param name="channels">In the order of the answer.</param>
    /// <param name="user">Null for a guest.</param>
    public async Task<IReadOnlyList<ChannelCard>> Read(IReadOnlyCollection<Guid> channels, string? user, Audience audience, CancellationToken ct)
    {
        var cards = new List<ChannelCard>(channels.Count);
        await using (var command = database.CreateCommand(
            $"""
            select {ChannelCard.Columns}
            from unnest(@channels) with ordinality o (id, place) join channels c on c.id = o.id join users u on u.id = c.user_id
            {Listed.LastSession}
            where {(audience == Audience.Followers ? Listed.ToFollower : Listed.Public)} and {Listed.NotKeptApart}
            order by o.place
            """))
        {
            command.Parameters.AddWithValue("channels", channels.ToArray());
            command.Parameters.Add(new NpgsqlParameter<string?>("user", user));
            await using var row = await command.ExecuteReaderAsync(ct);
            while (await row.ReadAsync(ct)) cards.Add(ChannelCard.Read(row));
        }

        var counts = (await viewers.Of([.. cards.Where(c => c.IsLive).Select(c => c.Id)], ct)).ToDictionary(c => c.ChannelId, c => c.Viewers);
        return [.. cards.Select(c => c with { ViewerCount = counts.GetValueOrDefault(c.Id) })];
    }
}

/// <summary>Whom a list is for.</summary>
public enum Audience
{
    Everybody,

    /// <summary>Those who follow the creators of what is in it.</summary>
    Followers,
}
