using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Streaming.Core.Events;
using Streaming.Core.LiveKit;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Convergence;

/// <summary>Our clock is off, or those of LiveKit's nodes are: times differ then, but who is live and who is present does not.</summary>
public sealed class ClocksTests
{
    /// <summary>Orders of each story: every so many of the 5,040.</summary>
    private const int Every = 84;

    private static readonly int[][] Orders = [.. EveryOrderTests.OrdersOf([0, 1, 2, 3, 4, 5, 6]).Where((_, n) => n % Every == 0)];

    [Theory]
    [InlineData(-50)]
    [InlineData(50)]
    public void With_our_clock_off_by_fifty_seconds_LiveKits_signatures_are_good(int ahead)
    {
        var options = Options.Create(new LiveKitOptions { Url = new Uri("http://127.0.0.1:1"), ApiKey = Captured.ApiKey, ApiSecret = Captured.ApiSecret });
        foreach (var request in Captured.Names.SelectMany(Captured.Read))
        {
            var signature = new WebhookSignature(options, new FakeTimeProvider(request.ReceivedAt.AddSeconds(ahead)));
            Assert.Null(signature.Verify(request.Bytes, request.Authorization));
        }
    }

    [Theory]
    [InlineData(-300)]
    [InlineData(-50)]
    [InlineData(50)]
    [InlineData(300)]
    public Task A_second_ingress_node_with_another_clock_changes_nothing_of_who_is_live(int ahead) =>
        TellAll(e => e.Ingress?.ResourceId is "RT_again" or "WH_1" ? ahead : 0, 0);

    [Theory]
    [InlineData(-300)]
    [InlineData(-50)]
    [InlineData(50)]
    [InlineData(300)]
    public Task A_room_on_a_node_with_another_clock_than_the_ingress_changes_nothing_of_who_is_present(int ahead) =>
        TellAll(e => e.RoomSid is not null ? ahead : 0, 0);

    [Theory]
    [InlineData(-50)]
    [InlineData(50)]
    public Task Our_own_clock_changes_nothing_of_what_a_deleted_key_ends(int ahead) => TellAll(_ => 0, ahead);

    private static async Task TellAll(Func<LiveKitEvent, int> ahead, int oursAhead)
    {
        await using var teller = await StoryTeller.NewAsync();
        foreach (var story in SevenEventStories.All)
        {
            if (story.Steps.Any(s => s.Cut is not null)) continue; // by the times, until LiveKit is asked: ReconcilerTests, on who is on the air after a cutoff
            var steps = story.Steps.Select(s => s.Event is { } e ? Moved(e, ahead(e)) : new Step(null, s.KeyDeletedAt!.Value.AddSeconds(oursAhead))).ToList();
            var channels = await teller.NewChannels([.. Orders.Select(_ => 60)]);
            for (var position = 0; position < 7; position++)
                await teller.Tell([.. channels.Select((n, order) => new Told(n, steps[Orders[order][position]]))]);

            var endings = (await teller.Endings(channels, story.Zero)).Keys;
            Assert.True(endings.Count() == 1 && LiveAndWatching(endings.Single()) == LiveAndWatching(story.Ending),
                $"\"{story.Name}\" must end as\n{story.Ending}\nbut for the times, and ends as\n{string.Join("\nand\n", endings)}");
        }
    }

    private static Step Moved(LiveKitEvent e, double ahead) => e with
    {
        CreatedAt = e.CreatedAt.AddSeconds(ahead),
        Participant = e.Participant is { } p ? p with { JoinedAt = p.JoinedAt?.AddSeconds(ahead) } : null,
        Ingress = e.Ingress is { } i ? i with { StartedAt = i.StartedAt?.AddSeconds(ahead), EndedAt = i.EndedAt?.AddSeconds(ahead) } : null,
    };

    private static (bool IsLive, string Watching) LiveAndWatching(string ending)
    {
        var last = ending[(ending.LastIndexOf('\n') + 1)..].Split(", ");
        return (last[0] == "Live", last[1]);
    }
}
