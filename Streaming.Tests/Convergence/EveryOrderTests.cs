using System.Globalization;
using System.Text;

namespace Streaming.Tests.Convergence;

/// <summary>
/// All 5,040 orders in which seven events can become known, each on a channel of its own. They must all end in one state, and that must
/// be the right one.
/// </summary>
public sealed class EveryOrderTests
{
    /// <summary>Orders in one transaction: every step of so many channels is a batch.</summary>
    private const int BatchSize = 420;

    private static readonly int[][] Orders = [.. OrdersOf([0, 1, 2, 3, 4, 5, 6])];

    public static TheoryData<string> Stories => [.. SevenEventStories.All.Select(s => s.Name)];

    [Theory]
    [MemberData(nameof(Stories))]
    public async Task In_every_order_a_story_ends_in_the_one_state_that_is_right(string name)
    {
        Assert.Equal(5040, Orders.Length);
        var story = SevenEventStories.All.Single(s => s.Name == name);
        await using var teller = await StoryTeller.NewAsync();
        var channels = await teller.NewChannels([.. Orders.Select(_ => 60)]);

        // Two appliers, as two workers or two lanes of one are, with other channels each.
        await Task.WhenAll(channels.Chunk(BatchSize).Chunk(Orders.Length / BatchSize / 2).Select(async lane =>
        {
            foreach (var alike in lane)
                for (var position = 0; position < 7; position++)
                    Assert.Equal(0, await teller.Tell([.. alike.Select(n => new Told(n, story.Steps[Orders[n][position]]))]));
        }));

        AssertAllEndAs(story, await teller.Endings(channels, story.Zero), n => Orders[n]);
    }

    [Theory]
    [MemberData(nameof(Stories))]
    public async Task Two_appliers_that_tell_the_same_channels_the_same_story_in_opposite_orders_do_not_disturb_each_other(string name)
    {
        var story = SevenEventStories.All.Single(s => s.Name == name);
        var orders = Orders.Where((_, n) => n % 14 == 0).ToArray();
        await using var teller = await StoryTeller.NewAsync();
        var channels = await teller.NewChannels([.. orders.Select(_ => 60)]);

        var duplicates = await Task.WhenAll(Tell(order => order), Tell(order => [.. order.Reverse()]));
        Assert.Equal(orders.Length * story.Steps.Count(s => s.Event is not null), duplicates.Sum());
        AssertAllEndAs(story, await teller.Endings(channels, story.Zero), n => orders[n]);

        async Task<int> Tell(Func<int[], int[]> told)
        {
            var known = 0;
            for (var position = 0; position < 7; position++)
                foreach (var batch in channels.Chunk(45))
                    known += await teller.Tell([.. batch.Select(n => new Told(n, story.Steps[told(orders[n])[position]]))]);
            return known;
        }
    }

    private static void AssertAllEndAs(Story story, IReadOnlyDictionary<string, IReadOnlyList<int>> endings, Func<int, int[]> orderOf)
    {
        if (endings.Count == 1 && endings.Keys.Single() == story.Ending) return;
        var report = new StringBuilder().AppendLine(CultureInfo.InvariantCulture, $"\"{story.Name}\" must end as\n{story.Ending}\n");
        foreach (var (ending, numbers) in endings.Where(e => e.Key != story.Ending).OrderByDescending(e => e.Value.Count).Take(5))
        {
            report.AppendLine(CultureInfo.InvariantCulture, $"In {numbers.Count} orders it ends as\n{ending}\nfor instance in the order");
            foreach (var step in orderOf(numbers[0])) report.AppendLine(CultureInfo.InvariantCulture, $"  {story.Steps[step]}");
        }

        Assert.Fail(report.ToString());
    }

    internal static IEnumerable<int[]> OrdersOf(int[] steps) =>
        steps.Length == 0 ? [[]] : steps.SelectMany(first => OrdersOf([.. steps.Where(s => s != first)]), (first, rest) => (int[])[first, .. rest]);
}
