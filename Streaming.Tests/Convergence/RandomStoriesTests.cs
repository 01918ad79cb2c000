using System.Globalization;

namespace Streaming.Tests.Convergence;

/// <summary>
/// Stories made by chance, told twice: once as they happened, and once in any order, with repetitions and in batches of any size. Both must
/// end alike. STREAMING_FAULT_SEED repeats a run, STREAMING_LONG_TESTS makes it a long one.
/// </summary>
public sealed class RandomStoriesTests
{
    private const int AtOnce = 2000;

    [Fact]
    public async Task A_random_story_ends_as_it_does_in_order_whatever_the_order_the_repetitions_and_the_batches()
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("STREAMING_FAULT_SEED"), CultureInfo.InvariantCulture, out var given) ? given : Random.Shared.Next(1_000_000);
        var rounds = Environment.GetEnvironmentVariable("STREAMING_LONG_TESTS") == "1" ? 50_000 / AtOnce : 1;
        for (var round = 0; round < rounds; round++) await TellAll(seed + (round * AtOnce));
    }

    private static async Task TellAll(int seed)
    {
        var stories = Enumerable.Range(seed, AtOnce).Select(RandomStory.Of).ToList();
        await using var teller = await StoryTeller.NewAsync();
        var inOrder = await teller.NewChannels([.. stories.Select(s => s.ReconnectWindow)]);
        var inAnyOrder = await teller.NewChannels([.. stories.Select(s => s.ReconnectWindow)]);

        await Task.WhenAll([TellInOrder(teller, stories, inOrder), .. Halves(stories, inAnyOrder).Select((half, n) => TellInAnyOrder(teller, half, new Random(seed + n)))]);

        var expected = await EndingOfEach(teller, inOrder);
        var endings = await EndingOfEach(teller, inAnyOrder);
        for (var n = 0; n < stories.Count; n++)
            Assert.True(expected[inOrder[n]] == endings[inAnyOrder[n]], Difference(seed, n, stories[n], expected[inOrder[n]], endings[inAnyOrder[n]]));

        // And nothing of it is left over from a time when less was known.
        await teller.DeriveAgain(inAnyOrder);
        Assert.Equal(endings, await EndingOfEach(teller, inAnyOrder));

        // Chance was not idle.
        Assert.InRange(expected.Values.Distinct().Count(), AtOnce / 2, AtOnce);
        foreach (var seen in new[] { "Live, 1 watching", "Ended, ", "taken_over", "ingress_deleted", "ended_by_creator", "wrong_protocol" }) Assert.Contains(expected.Values, e => e.Contains(seen, StringComparison.Ordinal));
    }

    /// <summary>Step by step, each in a batch with the same step of the other stories.</summary>
    private static async Task TellInOrder(StoryTeller teller, List<RandomStory> stories, IReadOnlyList<int> channels)
    {
        for (var position = 0; position < stories.Max(s => s.Steps.Count); position++)
            foreach (var batch in channels.Zip(stories).Where(told => told.Second.Steps.Count > position).Chunk(500))
                await teller.Tell([.. batch.Select(told => new Told(told.First, told.Second.Steps[position]))]);
    }

    private static async Task TellInAnyOrder(StoryTeller teller, IReadOnlyList<(int Channel, RandomStory Story)> told, Random random)
    {
        var all = told.SelectMany(one => one.Story.Steps.SelectMany(step => Enumerable.Repeat(new Told(one.Channel, step), random.Next(4) == 0 ? random.Next(2, 4) : 1))).ToArray();
        random.Shuffle(all);
        for (var (from, count) = (0, 0); from < all.Length; from += count)
        {
            count = Math.Min(random.Next(1, 800), all.Length - from);
            await teller.Tell(all[from..(from + count)]);
        }
    }

    private static IEnumerable<IReadOnlyList<(int Channel, RandomStory Story)>> Halves(List<RandomStory> stories, IReadOnlyList<int> channels) =>
        channels.Zip(stories).Chunk((stories.Count + 1) / 2);

    private static async Task<Dictionary<int, string>> EndingOfEach(StoryTeller teller, IReadOnlyList<int> channels) =>
        (await teller.Endings(channels, RandomStory.Zero)).SelectMany(e => e.Value.Select(number => (number, e.Key))).ToDictionary(e => e.number, e => e.Key);

    private static string Difference(int seed, int number, RandomStory story, string expected, string ending) =>
        $"""
        Story {number} of the run with STREAMING_FAULT_SEED={seed}, within {story.ReconnectWindow} s:
          {string.Join("\n  ", story.Steps)}
        told in order ends as
        {expected}
        and in another order, with repetitions, as
        {ending}
        """;
}
