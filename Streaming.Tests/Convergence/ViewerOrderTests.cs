namespace Streaming.Tests.Convergence;

/// <summary>
/// All 720 orders in which six events about viewers can become known, each on a channel of its own: once, with repetitions, and with looks at
/// LiveKit in between. The count is never what no count can be, and ends as the truth.
/// </summary>
public sealed class ViewerOrderTests
{
    private static readonly int[][] Orders = [.. EveryOrderTests.OrdersOf([0, 1, 2, 3, 4, 5])];

    public static TheoryData<string> Stories => [.. ViewerStories.All.Select(s => s.Name)];

    [Theory]
    [MemberData(nameof(Stories))]
    public async Task In_every_order_and_however_often_a_story_of_viewers_ends_with_those_who_are_there(string name)
    {
        Assert.Equal(720, Orders.Length);
        var story = ViewerStories.All.Single(s => s.Name == name);
        var people = story.Events.Select(e => e.Participant?.Identity).Concat(story.There.Select(p => p.Identity)).OfType<string>().Select(Core.Viewers.Identity.PersonOf).Distinct().Count();
        await using var teller = await StoryTeller.NewAsync();
        var channels = await teller.NewChannels([.. Orders.Select(_ => 60)]);
        var looked = channels.Where(n => n % 2 == 1).ToList(); // half of them are looked at while events are on their way

        for (var position = 0; position < 6; position++)
        {
            await Tell(position, again: position % 2 == 1);
            if (position == 2) await Look(looked);
            Assert.All((await teller.Watching(channels)).Values, watching => Assert.InRange(watching, 0, people));
        }

        if (story.IsTold) AssertAllAre(story.Watching, await teller.Watching(channels), "told once");
        for (var position = 5; position >= 0; position--) Assert.Equal(720, await Tell(position)); // all of them known
        if (story.IsTold) AssertAllAre(story.Watching, await teller.Watching(channels), "told again");

        await Look(channels);
        AssertAllAre(story.Watching, await teller.Watching(channels), "looked at");

        async Task<int> Tell(int position, bool again = false)
        {
            var told = channels.Select(n => new Told(n, story.Events[Orders[n][position]])).ToList();
            return await teller.Tell(again ? [.. told, .. told] : told);
        }

        // As LiveKit is when all has happened, and webhooks may still be on their way.
        async Task Look(IReadOnlyCollection<int> some)
        {
            await teller.Look(some, story.Room, story.There);
            AssertAllAre(story.Watching, await teller.Watching(some), "just looked at");
        }

        void AssertAllAre(long expected, IReadOnlyDictionary<int, long> watching, string when)
        {
            var wrong = watching.Where(w => w.Value != expected).ToList();
            if (wrong.Count == 0) return;
            var order = Orders[wrong[0].Key].Select(step => $"  {story.Events[step].Id}");
            Assert.Fail($"\"{story.Name}\", {when}: {wrong[0].Value} watch and not {expected}, in {wrong.Count} orders, for instance{(looked.Contains(wrong[0].Key) ? ", looked at after the third," : "")}\n{string.Join('\n', order)}");
        }
    }
}
