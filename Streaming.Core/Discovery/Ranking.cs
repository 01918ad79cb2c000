namespace Streaming.Core.Discovery;

/// <summary>Puts those who are live into the order in which they are recommended. The same of the same, always.</summary>
public static class Ranking
{
    /// <summary>More watching than this say no more.</summary>
    private const int ViewersThatCount = 500;

    /// <summary>Beyond these nobody is moved apart from others of its category.</summary>
    private const int Considered = 300;

    /// <summary>What is left of a channel's score for each one before it of the same category.</summary>
    private const double Repeated = 0.85;

    private static readonly TimeSpan JustNow = TimeSpan.FromMinutes(30);

    /// <param name="seed">Decides between those of which nothing else is known.</param>
    /// <returns>First those whom he follows, then the others; each with at least one reason.</returns>
    public static IEnumerable<Recommended> Of(IReadOnlyCollection<ChannelCard> live, Tastes tastes, int seed, DateTimeOffset now)
    {
        var chance = new Random(seed);
        var popular = PopularFrom(live);
        var scored = live.OrderBy(c => c.Id).Select(c => (Card: c, Reasons: ReasonsOf(c, tastes, popular, now), Score: Score(c, tastes, now) + chance.NextDouble() / 2)).OrderByDescending(s => s.Score).ToList();
        return Apart([.. scored.Where(s => s.Reasons.HasFlag(Reasons.Followed))]).Concat(Apart([.. scored.Where(s => !s.Reasons.HasFlag(Reasons.Followed))]));
    }

    private static double Score(ChannelCard card, Tastes tastes, DateTimeOffset now)
    {
        var age = Math.Max(0, (now - card.StartedAt!.Value).TotalHours);
        return 3 * tastes.CoFollowing(card) + 2 * tastes.Affinity(card) + Math.Exp(-age) + Math.Log(1 + Math.Min(card.ViewerCount, ViewersThatCount)) / Math.Log(1 + ViewersThatCount);
    }

    private static Reasons ReasonsOf(ChannelCard card, Tastes tastes, long popularFrom, DateTimeOffset now)
    {
        var reasons = (tastes.Followed.Contains(card.UserId) ? Reasons.Followed : 0)
            | (tastes.CoFollowing(card) > 0 ? Reasons.CoFollowed : 0)
            | (tastes.Affinity(card) > 0 ? Reasons.Category : 0)
            | (now - card.StartedAt < JustNow ? Reasons.JustStarted : 0)
            | (card.ViewerCount >= popularFrom ? Reasons.Popular : 0);
        return reasons == 0 ? Reasons.Live : reasons;
    }

    /// <summary>What the most watched tenth has at least.</summary>
    private static long PopularFrom(IReadOnlyCollection<ChannelCard> live) => Math.Max(2, live.Select(c => c.ViewerCount).OrderDescending().ElementAtOrDefault(live.Count / 10));

    /// <summary>One category must not fill a page while there are others.</summary>
    private static IEnumerable<Recommended> Apart(List<(ChannelCard Card, Reasons Reasons, double Score)> scored)
    {
        var seen = new Dictionary<string, int>();
        var left = scored.Take(Considered).ToList();
        while (left.Count > 0)
        {
            var best = left.MaxBy(s => s.Score * Math.Pow(Repeated, s.Card.Category is { } of ? seen.GetValueOrDefault(of.ToLowerInvariant()) : 0));
            left.Remove(best);
            if (best.Card.Category is { } category) seen[category.ToLowerInvariant()] = seen.GetValueOrDefault(category.ToLowerInvariant()) + 1;
            yield return new Recommended(best.Card.Id, best.Reasons);
        }

        foreach (var other in scored.Skip(Considered)) yield return new Recommended(other.Card.Id, other.Reasons);
    }
}

/// <summary>A channel that is recommended, and why.</summary>
public readonly record struct Recommended(Guid Channel, Reasons Reasons);

/// <summary>What somebody follows says of what he may like.</summary>
/// <param name="Followed">The creators among the candidates whom he follows.</param>
/// <param name="CoFollowed">By creator: how many of those follow him who follow whom he follows.</param>
/// <param name="Categories">In lower case: how many of the channels that he follows are of it.</param>
public sealed record Tastes(IReadOnlySet<string> Followed, IReadOnlyDictionary<string, long> CoFollowed, IReadOnlyDictionary<string, long> Categories)
{
    /// <summary>Of whom nothing is known.</summary>
    public static readonly Tastes None = new(new HashSet<string>(), new Dictionary<string, long>(), new Dictionary<string, long>());

    private readonly double _all = Math.Max(1, Categories.Values.Sum());

    /// <summary>0 to 1.</summary>
    internal double CoFollowing(ChannelCard card) => CoFollowed.TryGetValue(card.UserId, out var peers) ? peers / (peers + 5.0) : 0;

    /// <summary>0 to 1.</summary>
    internal double Affinity(ChannelCard card) => card.Category is { } category && Categories.TryGetValue(category.ToLowerInvariant(), out var count) ? count / _all : 0;
}

/// <summary>Why a channel is recommended.</summary>
[Flags]
public enum Reasons
{
    None = 0,
    Followed = 1,
    CoFollowed = 2,
    Category = 4,
    JustStarted = 8,
    Popular = 16,
    Live = 32,
    RecentlyLive = 64,
    New = 128,
}
