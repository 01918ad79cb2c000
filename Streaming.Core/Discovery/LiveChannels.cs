using Npgsql;
using Streaming.Core.Viewers;

namespace Streaming.Core.Discovery;

/// <summary>Reads which channels are live for everybody, with how many watch each.</summary>
public sealed class LiveChannels(NpgsqlDataSource database, ViewerCounts viewers)
{
    private const string Now =
        $"""
        select {ChannelCard.Columns}
        from sessions s join channels c on c.id = s.channel_id join users u on u.id = c.user_id
        where s.media_ended_at is null and {Listed.Public}
        """;

    /// <returns>Most watched first; among equals, who began first.</returns>
    public async Task<IReadOnlyList<ChannelCard>> Read(CancellationToken ct)
    {
        var live = new List<ChannelCard>();
        await using (var command = database.CreateCommand(Now))
        await using (var row = await command.ExecuteReaderAsync(ct))
            while (await row.ReadAsync(ct)) live.Add(ChannelCard.Read(row));
        var counts = (await viewers.Of([.. live.Select(c => c.Id)], ct)).ToDictionary(c => c.ChannelId, c => c.Viewers);
        return [.. live.DistinctBy(c => c.Id).Select(c => c with { ViewerCount = counts.GetValueOrDefault(c.Id) })
            .OrderByDescending(c => c.ViewerCount).ThenBy(c => c.StartedAt).ThenBy(c => c.Id)];
    }
}
