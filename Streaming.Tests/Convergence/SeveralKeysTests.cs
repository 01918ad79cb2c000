using Streaming.Core.Events;

namespace Streaming.Tests.Convergence;

/// <summary>
/// Every captured story of an ingress, told of two keys of one channel: while the first one's story runs, the second one's begins in the same room.
/// In whatever order it becomes known, and with repetitions, it must end where a person says that it does.
/// </summary>
public sealed class SeveralKeysTests
{
    private const int Orders = 60;

    /// <summary>In seconds from the first story's beginning. Whoever publishes, with whichever key, it is one session; what a key is refused, or fails at, disturbs nobody.</summary>
    private static readonly Story[] All =
    [
        Twice("rtmp-obs-one-viewer", 20,
            """
            segment RT_1 Ingress IN_1: from -0.556, stopped 35.113, left 35; ended 35.113 stopped, of the session from -0.556
            segment RT_1b Ingress IN_2: from 19.444, stopped 55.113, left 55; ended 55.113 stopped, of the session from -0.556
            session from -0.556: media ended 55.113 stopped, reconnect within 60 until 115.113
            presence PA_1 Ingress in RM_1: 0.026 to 35
            presence PA_1b Ingress in RM_1: 20.026 to 55
            presence PA_2 Viewer in RM_1: 13.649 to 21
            presence PA_2b Viewer in RM_1: 33.649 to 41
            room RM_1: 0 to 75
            Ended, 0 watching
            """),
        Twice("rtmp-encoder-killed", 5,
            """
            segment RT_1 Ingress IN_1: from 0.825, stopped 10.12, left 10; ended 10.12 stopped, of the session from 0.825
            segment RT_1b Ingress IN_2: from 5.825, stopped 15.12, left 15; ended 15.12 stopped, of the session from 0.825
            session from 0.825: media ended 15.12 stopped, reconnect within 60 until 75.12
            presence PA_1 Ingress in RM_1: 0.915 to 10
            presence PA_1b Ingress in RM_1: 5.915 to 15
            room RM_1: 0 to 35
            Ended, 0 watching
            """),
        Twice("whip-passthrough-one-viewer", 10,
            """
            segment WH_1 Ingress IN_1: from 0.308, stopped 22.596, left 22; ended 22.596 stopped, of the session from 0.308
            segment WH_1b Ingress IN_2: from 10.308, stopped 32.596, left 32; ended 32.596 stopped, of the session from 0.308
            session from 0.308: media ended 32.596 stopped, reconnect within 60 until 92.596
            presence PA_1 Ingress in RM_1: 0.635 to 22
            presence PA_1b Ingress in RM_1: 10.635 to 32
            presence PA_2 Viewer in RM_1: 8.518 to 15
            presence PA_2b Viewer in RM_1: 18.518 to 25
            room RM_1: 0 to 52
            Ended, 0 watching
            """),
        Twice("whip-transcoded-duplicate-ingress-started", 10,
            """
            segment WH_1 Ingress IN_1: from -0.135, stopped 22.092, left 22; ended 22.092 stopped, of the session from -0.135
            segment WH_1b Ingress IN_2: from 9.865, stopped 32.092, left 32; ended 32.092 stopped, of the session from -0.135
            session from -0.135: media ended 32.092 stopped, reconnect within 60 until 92.092
            presence PA_1 Ingress in RM_1: 0.185 to 22
            presence PA_1b Ingress in RM_1: 10.185 to 32
            presence PA_2 Viewer in RM_1: 8.218 to 15
            presence PA_2b Viewer in RM_1: 18.218 to 25
            room RM_1: 0 to 52
            Ended, 0 watching
            """),
        Twice("refused-connection-while-live", 10,
            """
            segment RT_1 Ingress IN_1: from 0.176, stopped ?, left 21; ended 21 disconnected, of the session from 0.176
            segment RT_1b Ingress IN_2: from 10.176, stopped ?, left 31; ended 31 disconnected, of the session from 0.176
            segment WH_1 Ingress IN_1: from ?, stopped 7.81 with wrong_protocol, left ?; ended ? ?, of the session from ?
            segment WH_1b Ingress IN_2: from ?, stopped 17.81 with wrong_protocol, left ?; ended ? ?, of the session from ?
            session from 0.176: media ended 31 disconnected, reconnect within 60 until 91
            presence PA_1 Ingress in RM_1: 0.214 to 21
            presence PA_1b Ingress in RM_1: 10.214 to 31
            room RM_1: 0 to 38
            Ended, 0 watching
            """),
        Twice("refused-start-then-viewer-only-room", 18,
            """
            segment RT_1 Ingress IN_1: from ?, stopped 0.173 with capacity_exceeded, left ?; ended ? ?, of the session from ?
            segment RT_1b Ingress IN_2: from ?, stopped 18.173 with capacity_exceeded, left ?; ended ? ?, of the session from ?
            presence PA_1 Viewer in RM_1: 14.502 to 22
            presence PA_1b Viewer in RM_1: 32.502 to 40
            room RM_1: 14 to 60
            Offline, 0 watching
            """),
        Twice("url-input-fails", 5,
            """
            segment UR_1 Ingress IN_1: from ?, stopped 0.14 with ingress_error, left 0; ended ? ?, of the session from ?
            segment UR_1b Ingress IN_2: from ?, stopped 5.14 with ingress_error, left 5; ended ? ?, of the session from ?
            presence PA_1 Ingress in RM_1: 0.101 to 0
            presence PA_1b Ingress in RM_1: 5.101 to 5
            room RM_1: 0 to 25
            Offline, 0 watching
            """),
    ];

    public static TheoryData<string> Stories => [.. All.Select(s => s.Name)];

    [Fact]
    public void Every_captured_story_with_an_ingress_is_among_them() =>
        Assert.Equal(Fixtures.Captured.Names.Where(n => CapturedEvents.Of(n).Any(e => e.Ingress is not null)), All.Select(s => s.Name).Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Stories))]
    public async Task A_story_of_two_keys_at_once_ends_where_it_must_in_whatever_order(string name)
    {
        var story = All.Single(s => s.Name == name);
        await using var teller = await StoryTeller.NewAsync();
        var channels = await teller.NewChannels([.. Enumerable.Repeat(60, Orders)]);
        var told = channels.Select(n => (Number: n, Steps: n == 0 ? [.. story.Steps] : Shuffled(story.Steps, new Random(n)))).ToList(); // the first as it happened
        for (var position = 0; position < told.Max(t => t.Steps.Length); position++)
            await teller.Tell([.. told.Where(t => t.Steps.Length > position).Select(t => new Told(t.Number, t.Steps[position]))]);

        foreach (var (ending, numbers) in await teller.Endings(channels, story.Zero))
            Assert.True(story.Ending == ending, $"\"{name}\" must end as\n{story.Ending}\nand ends as\n{ending}\nin {numbers.Count} orders, for instance\n  {string.Join("\n  ", (object[])told[numbers[0]].Steps)}");
    }

    private static Step[] Shuffled(IReadOnlyList<Step> steps, Random random)
    {
        var told = steps.Concat(steps.Where(_ => random.Next(4) == 0)).ToArray();
        random.Shuffle(told);
        return told;
    }

    /// <summary>The room stands from the first story's beginning to the second one's end.</summary>
    private static Story Twice(string capture, double later, string ending)
    {
        var (first, second) = (CapturedEvents.Of(capture), CapturedEvents.Of(capture).Select(e => OfTheOtherKey(e, later)));
        return new(capture, [.. first.Where(e => e.Kind != EventKinds.RoomFinished), .. second.Where(e => e.Kind != EventKinds.RoomStarted)], ending);
    }

    private static LiveKitEvent OfTheOtherKey(LiveKitEvent e, double later) => e with
    {
        Id = e.Id + "b",
        CreatedAt = e.CreatedAt.AddSeconds(later),
        Participant = e.Participant is not { } p ? null : p with
        {
            Sid = p.Sid + "b",
            JoinedAt = p.JoinedAt?.AddSeconds(later),
            IngressId = p.IngressId is null ? null : "IN_2",
            ResourceId = p.ResourceId is { } r ? r + "b" : null,
        },
        Ingress = e.Ingress is not { } i ? null : i with
        {
            IngressId = "IN_2",
            ResourceId = i.ResourceId + "b",
            StartedAt = i.StartedAt?.AddSeconds(later),
            EndedAt = i.EndedAt?.AddSeconds(later),
        },
    };
}
