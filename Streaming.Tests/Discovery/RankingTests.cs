using Streaming.Core.Discovery;

namespace Streaming.Tests.Discovery;

/// <summary>In which order, and for what reasons, channels are recommended.</summary>
public sealed class RankingTests
{
    private static readonly DateTimeOffset Now = new(2025, 11, 23, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void The_same_is_ranked_the_same_in_whatever_order_it_comes()
    {
        var live = Enumerable.Range(0, 50).Select(i => Card($"c{i % 5}", viewers: i)).ToList();
        var first = Ranking.Of(live, Tastes.None, 7, Now).ToList();

        Assert.Equal(first, Ranking.Of([.. live.AsEnumerable().Reverse()], Tastes.None, 7, Now));
        Assert.NotEqual(first, Ranking.Of(live, Tastes.None, 8, Now));
        Assert.Equal(live.Select(c => c.Id).Order(), first.Select(r => r.Channel).Order());
    }

    [Fact]
    public void Whom_he_follows_comes_first_however_few_watch()
    {
        var followed = Card("quiet", viewers: 0);
        var ranked = Ranking.Of([Card("loud", viewers: 10_000), followed, Card("loud", viewers: 9_000)], Follows(followed), 1, Now).ToList();

        Assert.Equal((followed.Id, true), (ranked[0].Channel, ranked[0].Reasons.HasFlag(Reasons.Followed)));
    }

    [Fact]
    public void Each_has_a_reason_and_the_right_ones()
    {
        var (plain, begun, popular, liked, peers) = (Card("a", 1), Card("b", 1, minutes: 5), Card("c", 500), Card("Boats", 1), Card("d", 1));
        var tastes = new Tastes(new HashSet<string>(), new Dictionary<string, long> { [peers.UserId] = 3 }, new Dictionary<string, long> { ["boats"] = 2 });
        var reasons = Ranking.Of([plain, begun, popular, liked, peers], tastes, 1, Now).ToDictionary(r => r.Channel, r => r.Reasons);

        Assert.Equal(
            (Reasons.Live, Reasons.JustStarted, Reasons.Popular, Reasons.Category, Reasons.CoFollowed), (reasons[plain.Id], reasons[begun.Id], reasons[popular.Id], reasons[liked.Id], reasons[peers.Id]));
    }

    [Fact]
    public void A_crowd_counts_only_so_much_and_one_category_does_not_fill_the_page()
    {
        var crowded = Enumerable.Range(0, 30).Select(_ => Card("crowded", 100_000)).ToList();
        var others = Enumerable.Range(0, 5).Select(i => Card($"other {i}", 20)).ToList();
        var ranked = Ranking.Of([.. crowded, .. others], Tastes.None, 3, Now).Select(r => r.Channel).ToList();

        Assert.All(others, other => Assert.InRange(ranked.IndexOf(other.Id), 0, 19));
    }

    private static Tastes Follows(ChannelCard card) => Tastes.None with { Followed = new HashSet<string> { card.UserId } };

    private static ChannelCard Card(string category, long viewers, int minutes = 60)
    {
        var id = Guid.CreateVersion7();
        return new(id, $"user-{id:N}", null, "A title", null, category, null, [], false, 0, Now.AddMinutes(-minutes), null, viewers);
    }
}
