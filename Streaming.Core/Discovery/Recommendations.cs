using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Npgsql;
using Streaming.Core.Social;

namespace Streaming.Core.Discovery;

/// <summary>
/// What is recommended to somebody. It is worked out once for each user and minute and kept, so that whoever asks again, on whatever replica,
/// is told the same.
/// </summary>
public sealed class Recommendations(NpgsqlDataSource database, LiveDirectory live, ListOrders orders, Relations relations, TimeProvider time)
{
    /// <summary>Nobody pages further.</summary>
    private const int Most = 200;

    /// <summary>While fewer are live, channels follow that are not.</summary>
    private const int Enough = 50;

    /// <summary>Followees that say something of one's taste, their other followers, and how many of those are asked.</summary>
    private const int Followees = 50, FollowersOfEach = 50, Peers = 500;

    /// <param name="user">Null for a guest.</param>
    /// <returns>The order, and the id that it is kept under.</returns>
    public async Task<(Guid Id, ListOrder Order)> For(string? user, bool withMature, CancellationToken ct)
    {
        var minute = time.GetUtcNow().ToUnixTimeSeconds() / 60;
        var seed = SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"recommended {minute} {withMature} {user}")));
        var id = new Guid(seed.AsSpan(0, 16));
        if (await orders.Find(id, ct) is { } kept) return (id, kept);

        var order = await WorkOut(user, withMature, BitConverter.ToInt32(seed, 16), ct);
        if (order.Channels.Length == 0) return (id, order); // the next one may find something
        await orders.Keep(id, order, ct);
        return (id, await orders.Find(id, ct) ?? order); // another replica may have been first
    }

    /// <summary>Anew, for when all that was recommended is gone.</summary>
    public Task<ListOrder> Now(string? user, bool withMature, CancellationToken ct) => WorkOut(user, withMature, seed: 0, ct);

    private async Task<ListOrder> WorkOut(string? user, bool withMature, int seed, CancellationToken ct)
    {
        var apart = user is null ? null : await relations.KeptApart(user, ct);
        var candidates = (await live.Now(ct)).Channels.Where(c => c.UserId != user && (withMature || !c.IsMature) && apart?.Contains(c.UserId) != true).ToList();
        var ranked = Ranking.Of(candidates, user is null ? Tastes.None : await TastesOf(user, candidates, ct), seed, time.GetUtcNow()).Take(Most).ToList();
        if (ranked.Count < Enough) ranked.AddRange(await NotLive(user, withMature, ranked, ct));
        return new ListOrder([.. ranked.Select(r => r.Channel)], [.. ranked.Select(r => (int)r.Reasons)]);
    }

    private async Task<Tastes> TastesOf(string user, List<ChannelCard> candidates, CancellationToken ct)
    {
        var followed = new HashSet<string>();
        var coFollowed = new Dictionary<string, long>();
        var categories = new Dictionary<string, long>();
        await using var batch = database.CreateBatch();
        batch.BatchCommands.Add(new("select followee_id from follows where follower_id = @user and followee_id = any(@creators)"));
        batch.BatchCommands.Add(new(
            $"""
            with mine as (select followee_id from follows where follower_id = @user order by followed_at desc limit {Followees}),
                 peers as (select distinct p.follower_id from mine
                           cross join lateral (select follower_id from follows where followee_id = mine.followee_id and follower_id <> @user limit {FollowersOfEach}) p limit {Peers})
            select f.followee_id, count(*) from peers join follows f on f.follower_id = peers.follower_id where f.followee_id = any(@creators) group by 1
            """));
        batch.BatchCommands.Add(new(
            "select lower(c.category), count(*) from follows f join channels c on c.user_id = f.followee_id where f.follower_id = @user and c.category is not null group by 1"));
        foreach (var command in batch.BatchCommands)
        {
            command.Parameters.Add(new NpgsqlParameter("user", user));
            if (command.CommandText.Contains("@creators", StringComparison.Ordinal)) command.Parameters.Add(new NpgsqlParameter("creators", candidates.Select(c => c.UserId).ToArray()));
        }

        await using var row = await batch.ExecuteReaderAsync(ct);
        while (await row.ReadAsync(ct)) followed.Add(row.GetString(0));
        await row.NextResultAsync(ct);
        while (await row.ReadAsync(ct)) coFollowed.Add(row.GetString(0), row.GetInt64(1));
        await row.NextResultAsync(ct);
        while (await row.ReadAsync(ct)) categories.Add(row.GetString(0), row.GetInt64(1));
        return new Tastes(followed, coFollowed, categories);
    }

    /// <summary>Who was live lately, and then who is new: there is something to see as long as anybody has a channel.</summary>
    private async Task<IEnumerable<Recommended>> NotLive(string? user, bool withMature, List<Recommended> ranked, CancellationToken ct)
    {
        var others = new List<Recommended>();
        await using var batch = database.CreateBatch();
        var mayBe = $"{Listed.Public} and {Listed.NotKeptApart} and c.user_id is distinct from @user and (@mature or not c.is_mature)";
        batch.BatchCommands.Add(new(
            $"""
            select c.id, exists (select 1 from follows f where f.follower_id = @user and f.followee_id = c.user_id)
            from (select channel_id, media_ended_at from sessions where media_ended_at is not null order by media_ended_at desc limit {4 * Enough}) s
            join channels c on c.id = s.channel_id where {mayBe} order by s.media_ended_at desc
            """));
        batch.BatchCommands.Add(new($"select c.id from channels c where {mayBe} order by c.id desc limit {Enough}"));
        foreach (var command in batch.BatchCommands)
        {
            command.Parameters.Add(new NpgsqlParameter<string?>("user", user));
            command.Parameters.Add(new NpgsqlParameter("mature", withMature));
        }

        await using var row = await batch.ExecuteReaderAsync(ct);
        while (await row.ReadAsync(ct)) others.Add(new(row.GetGuid(0), Reasons.RecentlyLive | (row.GetBoolean(1) ? Reasons.Followed : 0)));
        await row.NextResultAsync(ct);
        while (await row.ReadAsync(ct)) others.Add(new(row.GetGuid(0), Reasons.New));
        return others.ExceptBy(ranked.Select(r => r.Channel), r => r.Channel).DistinctBy(r => r.Channel).OrderByDescending(r => r.Reasons.HasFlag(Reasons.Followed)).Take(Enough - ranked.Count).ToList();
    }
}
