using Streaming.Core.Events;

namespace Streaming.Tests.Convergence;

/// <summary>
/// Stories of seven events, taken from what LiveKit 1.13.5 really sent, and where each must end: its rows, in seconds from the first
/// event's creation, where a question mark is what is not known. The rows hold what is not obvious: watchers who are in no living room any
/// more, or were there before LiveKit died, are present in them and yet not counted; a refused connection is a segment that never started.
/// </summary>
internal static class SevenEventStories
{
    private static readonly IReadOnlyList<LiveKitEvent> Encoder = CapturedEvents.Of("rtmp-obs-one-viewer");
    private static readonly IReadOnlyList<LiveKitEvent> Refused = CapturedEvents.Of("refused-connection-while-live");
    private static readonly IReadOnlyList<LiveKitEvent> StartedTwice = CapturedEvents.Of("whip-transcoded-duplicate-ingress-started");
    private static readonly IReadOnlyList<LiveKitEvent> Browser = CapturedEvents.Of("browser-creator-one-viewer");
    private static readonly IReadOnlyList<LiveKitEvent> Killed = CapturedEvents.Of("livekit-killed-and-restarted");

    // The encoder's story by its events' names.
    private static readonly LiveKitEvent RoomStarted = Encoder[0], Started = Encoder[1], Joined = Encoder[2], Watcher = Encoder[5], WatcherLeft = Encoder[6],
        Ended = Encoder[9], Left = Encoder[10], RoomFinished = Encoder[11];

    public static IReadOnlyList<Story> All { get; } =
    [
        new("an encoder goes live and ends",
            [RoomStarted, Started, Joined, Watcher, Ended, Left, RoomFinished],
            """
            segment RT_1 Ingress IN_1: from -0.556, stopped 35.113, left 35; ended 35.113 stopped, of the session from -0.556
            session from -0.556: media ended 35.113 stopped, reconnect within 60 until 95.113
            presence PA_1 Ingress in RM_1: 0.026 to 35
            presence PA_2 Viewer in RM_1: 13.649 to ?
            room RM_1: 0 to 55
            Ended, 0 watching
            """),
        new("an encoder is live",
            [RoomStarted, Started, Joined, Encoder[3], Encoder[4], Watcher, WatcherLeft],
            """
            segment RT_1 Ingress IN_1: from -0.556, stopped ?, left ?; ended ? ?, of the session from -0.556
            session from -0.556: media ended ? ?, reconnect within 60 until ?
            presence PA_1 Ingress in RM_1: 0.026 to ?
            presence PA_2 Viewer in RM_1: 13.649 to 21
            room RM_1: 0 to ?
            Live, 0 watching
            """),
        new("a second encoder takes over and is live",
            [RoomStarted, Started, Joined, Displaced(20), JoinedAgain(20), StartedAgain(20), Watcher],
            """
            segment RT_1 Ingress IN_1: from -0.556, stopped ?, left 20 displaced; ended 20 taken_over by RT_again, of the session from -0.556
            segment RT_again Ingress IN_1: from 19.7, stopped ?, left ?; ended ? ?, of the session from -0.556
            session from -0.556: media ended ? ?, reconnect within 60 until ?
            presence PA_1 Ingress in RM_1: 0.026 to 20
            presence PA_2 Viewer in RM_1: 13.649 to ?
            presence PA_again Ingress in RM_1: 20.1 to ?
            room RM_1: 0 to ?
            Live, 1 watching
            """),
        new("a second encoder takes over and ends",
            [Started, Joined, Displaced(20), JoinedAgain(20), StartedAgain(20), EndedAgain(50), LeftAgain(50)],
            """
            segment RT_1 Ingress IN_1: from -0.556, stopped ?, left 20 displaced; ended 20 taken_over by RT_again, of the session from -0.556
            segment RT_again Ingress IN_1: from 19.7, stopped 50.5, left 50; ended 50.5 stopped, of the session from -0.556
            session from -0.556: media ended 50.5 stopped, reconnect within 60 until 110.5
            presence PA_1 Ingress in RM_1: 0.026 to 20
            presence PA_again Ingress in RM_1: 20.1 to 50
            room RM_1: ? to ?
            Ended, 0 watching
            """),
        new("a connection is refused while live",
            [.. Refused.Take(6), WatcherOf(Refused[0])],
            """
            segment RT_1 Ingress IN_1: from 0.176, stopped ?, left ?; ended ? ?, of the session from 0.176
            segment WH_1 Ingress IN_1: from ?, stopped 7.81 with wrong_protocol, left ?; ended ? ?, of the session from ?
            session from 0.176: media ended ? ?, reconnect within 60 until ?
            presence PA_1 Ingress in RM_1: 0.214 to ?
            presence PA_watcher Viewer in RM_1: 5.5 to ?
            room RM_1: 0 to ?
            Live, 1 watching
            """),
        new("a connection is refused while live, then the end",
            [Refused[0], Refused[1], Refused[2], Refused[5], Refused[6], Refused[8], Refused[9]],
            """
            segment RT_1 Ingress IN_1: from 0.176, stopped ?, left 21; ended 21 disconnected, of the session from 0.176
            segment WH_1 Ingress IN_1: from ?, stopped 7.81 with wrong_protocol, left ?; ended ? ?, of the session from ?
            session from 0.176: media ended 21 disconnected, reconnect within 60 until 81
            presence PA_1 Ingress in RM_1: 0.214 to 21
            room RM_1: 0 to 28
            Ended, 0 watching
            """),
        new("ingress_started comes twice",
            [.. StartedTwice.Take(4), StartedTwice[9], StartedTwice[11], StartedTwice[12]],
            """
            segment WH_1 Ingress IN_1: from -0.135, stopped 22.092, left 22; ended 22.092 stopped, of the session from -0.135
            session from -0.135: media ended 22.092 stopped, reconnect within 60 until 82.092
            presence PA_1 Ingress in RM_1: 0.185 to 22
            room RM_1: 0 to 42
            Ended, 0 watching
            """),
        new("the key is deleted while live",
            [RoomStarted, Started, Joined, Watcher, KeyDeleted(30), LeftAt(31), RoomFinished],
            """
            segment RT_1 Ingress IN_1: from -0.556, stopped ?, left 31; ended 31 disconnected, of the session from -0.556
            session from -0.556: media ended 31 disconnected, reconnect within 60 until 31
            presence PA_1 Ingress in RM_1: 0.026 to 31
            presence PA_2 Viewer in RM_1: 13.649 to ?
            room RM_1: 0 to 55
            Ended, 0 watching
            """),
        new("the key is deleted while live, and nothing more is heard",
            [RoomStarted, Started, Joined, Encoder[3], Encoder[4], Watcher, KeyDeleted(30)],
            """
            segment RT_1 Ingress IN_1: from -0.556, stopped ?, left ?; ended 30 ingress_deleted, of the session from -0.556
            session from -0.556: media ended 30 ingress_deleted, reconnect within 60 until 30
            presence PA_1 Ingress in RM_1: 0.026 to ?
            presence PA_2 Viewer in RM_1: 13.649 to ?
            room RM_1: 0 to ?
            Ended, 1 watching
            """),
        new("its creator ends it while live, and his encoder tries again during the block",
            [RoomStarted, Started, Joined, Watcher, CutOff(30, until: 90), LeftAt(31), StartedAgain(50)],
            """
            segment RT_1 Ingress IN_1: from -0.556, stopped ?, left 31; ended 30 ended_by_creator, of the session from -0.556
            segment RT_again Ingress IN_1: from 49.7, stopped ?, left ?; ended 49.7 ended_by_creator, of the session from ?
            session from -0.556: media ended 30 ended_by_creator, reconnect within 60 until 30
            presence PA_1 Ingress in RM_1: 0.026 to 31
            presence PA_2 Viewer in RM_1: 13.649 to ?
            room RM_1: 0 to ?
            Ended, 1 watching
            """),
        new("it is cut off while live, and its encoder comes back when the block is over",
            [Started, Joined, CutOff(30, until: 60), LeftAt(31), JoinedAgain(100), StartedAgain(100), Watcher],
            """
            segment RT_1 Ingress IN_1: from -0.556, stopped ?, left 31; ended 30 ended_by_creator, of the session from -0.556
            segment RT_again Ingress IN_1: from 99.7, stopped ?, left ?; ended ? ?, of the session from 99.7
            session from -0.556: media ended 30 ended_by_creator, reconnect within 60 until 30
            session from 99.7: media ended ? ?, reconnect within 60 until ?
            presence PA_1 Ingress in RM_1: 0.026 to 31
            presence PA_2 Viewer in RM_1: 13.649 to ?
            presence PA_again Ingress in RM_1: 100.1 to ?
            room RM_1: ? to ?
            Live, 1 watching
            """),
        new("a creator broadcasts from the browser",
            [Browser[0], Browser[1], Browser[2], Browser[3], Browser[4], Browser[8], Browser[9]],
            """
            segment PA_1 Browser ?: from 0, stopped ?, left 14; ended 14 disconnected, of the session from 0
            session from 0: media ended 14 disconnected, reconnect within 60 until 74
            presence PA_1 Host in RM_1: 0.438 to 14
            presence PA_2 Viewer in RM_1: 4.664 to ?
            room RM_1: 0 to 34
            Ended, 0 watching
            """),
        new("a browser's leaving is never told",
            [.. Browser.Take(6), Browser[9]],
            """
            segment PA_1 Browser ?: from 0, stopped ?, left ?; ended 34 disconnected, of the session from 0
            session from 0: media ended 34 disconnected, reconnect within 60 until 94
            presence PA_1 Host in RM_1: 0.438 to ?
            presence PA_2 Viewer in RM_1: 4.664 to 9
            room RM_1: 0 to 34
            Ended, 0 watching
            """),
        new("a frozen encoder is missed by the watchdog, and comes back",
            [Started, Joined, FrozenEnd(90), LeftAt(90), StartedAgain(100), JoinedAgain(100), Watcher],
            """
            segment RT_1 Ingress IN_1: from -0.556, stopped 89.5 with ingress_error, left 90; ended 89.5 ingress_error, of the session from -0.556
            segment RT_again Ingress IN_1: from 99.7, stopped ?, left ?; ended ? ?, of the session from -0.556
            session from -0.556: media ended ? ?, reconnect within 60 until ?
            presence PA_1 Ingress in RM_1: 0.026 to 90
            presence PA_2 Viewer in RM_1: 13.649 to ?
            presence PA_again Ingress in RM_1: 100.1 to ?
            room RM_1: ? to ?
            Live, 1 watching
            """),
        new("LiveKit is killed and starts the same room again",
            [Killed[0], WatcherOf(Killed[0]), Killed[2], Killed[4], Killed[5], Killed[6], Later(WatcherOf(Killed[0]), 20)],
            """
            segment PA_1 Browser ?: from 1, stopped ?, left ?; ended 12 disconnected, of the session from 1
            segment PA_2 Browser ?: from 12, stopped ?, left ?; ended ? ?, of the session from 1
            session from 1: media ended ? ?, reconnect within 60 until ?
            presence PA_2 Host in RM_1: 12.386 to ?
            presence PA_later Viewer in RM_1: 25.5 to ?
            presence PA_watcher Viewer in RM_1: 5.5 to ?
            room RM_1: 12 to ?
            Live, 1 watching
            """),
        new("LiveKit is killed, and the broadcast goes on and ends",
            [Killed[0], Killed[1], Killed[2], Killed[4], Killed[6], Killed[10], Killed[11]],
            """
            segment PA_1 Browser ?: from 1, stopped ?, left ?; ended 12 disconnected, of the session from 1
            segment PA_2 Browser ?: from 12, stopped ?, left 41; ended 41 disconnected, of the session from 1
            session from 1: media ended 41 disconnected, reconnect within 60 until 101
            presence PA_1 Host in RM_1: 0.927 to ?
            presence PA_2 Host in RM_1: 12.386 to 41
            room RM_1: 12 to 61
            Ended, 0 watching
            """),
    ];

    private static DateTimeOffset Second(double seconds) => RoomStarted.CreatedAt.AddSeconds(seconds);

    private static Step KeyDeleted(double at) => new(null, Second(at));

    private static Step CutOff(double at, double until) => new(null, Cut: (Second(at), Second(until)));

    private static LiveKitEvent LeftAt(double at) => Left with { CreatedAt = Second(at) };

    /// <summary>What a takeover makes of the older publisher: his participant goes, and of his ingress's end nothing is told.</summary>
    private static LiveKitEvent Displaced(double at) => LeftAt(at) with { Participant = Left.Participant! with { IsDisplaced = true } };

    private static LiveKitEvent JoinedAgain(double at) => Joined with
    {
        Id = "EV_joined_again",
        CreatedAt = Second(at),
        Participant = Joined.Participant! with { Sid = "PA_again", JoinedAt = Second(at + 0.1) },
    };

    private static LiveKitEvent StartedAgain(double at) => Started with
    {
        Id = "EV_started_again",
        CreatedAt = Second(at),
        Ingress = Started.Ingress! with { ResourceId = "RT_again", StartedAt = Second(at - 0.3) },
    };

    private static LiveKitEvent EndedAgain(double at) => Ended with
    {
        Id = "EV_ended_again",
        CreatedAt = Second(at),
        Ingress = Ended.Ingress! with { ResourceId = "RT_again", StartedAt = null, EndedAt = Second(at + 0.5) },
    };

    private static LiveKitEvent LeftAgain(double at) => Left with
    {
        Id = "EV_left_again",
        CreatedAt = Second(at),
        Participant = Left.Participant! with { Sid = "PA_again", JoinedAt = JoinedAgain(20).Participant!.JoinedAt, ResourceId = "RT_again" },
    };

    /// <summary>For a minute or two nothing is told of an encoder that sends nothing more; then this.</summary>
    private static LiveKitEvent FrozenEnd(double at) => Ended with
    {
        CreatedAt = Second(at),
        Ingress = Ended.Ingress! with { EndedAt = Second(at - 0.5), Failure = "ingress_error" },
    };

    /// <summary>Somebody who watches another story's room, from five seconds after its beginning on.</summary>
    private static LiveKitEvent WatcherOf(LiveKitEvent room) => Watcher with
    {
        Id = "EV_watcher",
        CreatedAt = room.CreatedAt.AddSeconds(5),
        RoomSid = room.RoomSid,
        Participant = Watcher.Participant! with { Sid = "PA_watcher", JoinedAt = room.CreatedAt.AddSeconds(5.5) },
    };

    /// <summary>The same person comes again, which is another participant.</summary>
    private static LiveKitEvent Later(LiveKitEvent joined, double seconds) => joined with
    {
        Id = "EV_later",
        CreatedAt = joined.CreatedAt.AddSeconds(seconds),
        Participant = joined.Participant! with { Sid = "PA_later", JoinedAt = joined.Participant.JoinedAt!.Value.AddSeconds(seconds) },
    };
}
