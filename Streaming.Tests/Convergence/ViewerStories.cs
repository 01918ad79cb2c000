using Streaming.Core.Events;
using Streaming.Core.LiveKit;
using Streaming.Core.Viewers;

namespace Streaming.Tests.Convergence;

/// <summary>Six events about who watches, in the order in which they happened, and who is in the room when all has happened.</summary>
/// <param name="Room">The room that stands at the end; null when none does.</param>
/// <param name="There">Who is in it, by SID.</param>
/// <param name="Watching">How many people that are.</param>
/// <param name="IsTold">Every coming and going is told of; else somebody is known to be gone by a look alone.</param>
internal sealed record ViewerStory(string Name, IReadOnlyList<LiveKitEvent> Events, string? Room, IReadOnlyList<RoomParticipant> There, long Watching, bool IsTold = true);

internal static class ViewerStories
{
    private static readonly DateTimeOffset Zero = new(2026, 11, 20, 10, 0, 0, TimeSpan.Zero);

    public static IReadOnlyList<ViewerStory> All { get; } =
    [
        new("one comes and goes, another changes his device",
            [Started("RM_1", 0), Joined("ann:laptop", "PA_1", 5), Left("ann:laptop", "PA_1", 5, 20), Joined("ben:laptop", "PA_2", 7), Joined("ben:phone", "PA_3", 30), Left("ben:laptop", "PA_2", 7, 31)],
            "RM_1", [There("ben:phone", "PA_3", 30)], 1),
        new("two devices of one person, and one of another's",
            [Started("RM_1", 0), Joined("ann:laptop", "PA_1", 5), Joined("ann:phone", "PA_2", 6), Joined("ben:laptop", "PA_3", 7), Joined("ann:tv", "PA_4", 8), Left("ann:tv", "PA_4", 8, 9)],
            "RM_1", [There("ann:laptop", "PA_1", 5), There("ann:phone", "PA_2", 6), There("ben:laptop", "PA_3", 7)], 2),
        new("connections are aborted, before and after joining",
            [Aborted("ann:laptop", "PA_1", null, 5), Joined("ann:laptop", "PA_2", 8), Joined("ben:laptop", "PA_3", 9), Aborted("ben:laptop", "PA_3", 9, 12), Aborted("ann:laptop", "PA_4", null, 14), Joined("cem:laptop", "PA_5", 15)],
            "RM_1", [There("ann:laptop", "PA_2", 8), There("cem:laptop", "PA_5", 15)], 2),
        new("somebody comes again as another participant, three times",
            [Joined("ann:laptop", "PA_1", 5), Left("ann:laptop", "PA_1", 5, 10), Joined("ann:laptop", "PA_2", 10.4), Left("ann:laptop", "PA_2", 10.4, 15), Joined("ann:laptop", "PA_3", 15.2), Joined("ben:laptop", "PA_4", 16)],
            "RM_1", [There("ann:laptop", "PA_3", 15.2), There("ben:laptop", "PA_4", 16)], 2),
        new("the room is closed over two viewers, and another is begun",
            [Joined("ann:laptop", "PA_1", 5), Joined("ben:laptop", "PA_2", 6), Finished("RM_1", 40), Started("RM_2", 50), Joined("ann:laptop", "PA_3", 51, "RM_2"), Left("ben:laptop", "PA_2", 6, 40)],
            "RM_2", [There("ann:laptop", "PA_3", 51)], 1),
        new("LiveKit is killed and starts the same room again",
            [Started("RM_1", 0), Joined("ann:laptop", "PA_1", 5), Joined("ben:laptop", "PA_2", 6), Started("RM_1", 20, again: true), Joined("ann:laptop", "PA_3", 21), Left("ann:phone", "PA_4", 4, 5)],
            "RM_1", [There("ann:laptop", "PA_3", 21)], 1),
        new("the creator, his encoder, a recorder and somebody hidden watch with one guest",
            [
                Joined("host:ann:1", "PA_1", 5), Joined("ingress:1", "PA_2", 6, but: p => p with { IsStandard = false, IsIngress = true }), Joined("EG_1", "PA_3", 7, but: p => p with { IsStandard = false }),
                Joined("ben:laptop", "PA_4", 8, but: p => p with { IsHidden = true }), Joined("guest:1", "PA_5", 9), Left("host:ann:1", "PA_1", 5, 10),
            ],
            "RM_1", [There("guest:1", "PA_5", 9)], 1),
        new("nobody ever hears that the last viewer left",
            [Started("RM_1", 0), Joined("ann:laptop", "PA_1", 5), Joined("ben:laptop", "PA_2", 6), Left("ben:laptop", "PA_2", 6, 10), Joined("ben:laptop", "PA_3", 11), Left("ben:laptop", "PA_3", 11, 12)],
            "RM_1", [], 0, IsTold: false),
        new("nobody hears that the room was closed over a viewer, nor that another came",
            [Started("RM_1", 0), Joined("ann:laptop", "PA_1", 5), Started("RM_2", 50), Joined("ben:laptop", "PA_2", 51, "RM_2"), Left("cem:laptop", "PA_3", 52, 60, "RM_2"), Joined("dee:laptop", "PA_5", 61, "RM_2")],
            "RM_2", [There("ben:laptop", "PA_2", 51), There("dee:laptop", "PA_5", 61), There("eve:laptop", "PA_6", 62)], 3, IsTold: false),
    ];

    private static RoomParticipant There(string who, string sid, double at) => new(sid, Named(who), ParticipantRole.Viewer, Second(at), IsActive: true, IsPublishing: false, null, null);

    private static LiveKitEvent Started(string room, double at, bool again = false) => Of(EventKinds.RoomStarted, room, $"started {room} {again}", at);

    private static LiveKitEvent Finished(string room, double at) => Of(EventKinds.RoomFinished, room, $"finished {room}", at);

    private static LiveKitEvent Joined(string who, string sid, double at, string room = "RM_1", Func<ParticipantFacts, ParticipantFacts>? but = null)
    {
        var participant = Participant(who, sid, at);
        return Of(EventKinds.ParticipantJoined, room, $"joined {sid}", Math.Floor(at)) with { Participant = but?.Invoke(participant) ?? participant };
    }

    private static LiveKitEvent Left(string who, string sid, double joinedAt, double at, string room = "RM_1") =>
        Of(EventKinds.ParticipantLeft, room, $"left {sid}", at) with { Participant = Participant(who, sid, joinedAt) };

    /// <param name="joinedAt">Null when he never was there.</param>
    private static LiveKitEvent Aborted(string who, string sid, double? joinedAt, double at) =>
        Of(EventKinds.ParticipantConnectionAborted, "RM_1", $"aborted {sid}", at) with { Participant = Participant(who, sid, joinedAt) };

    private static LiveKitEvent Of(string kind, string room, string id, double at) => new() { Id = $"EV {id}", Kind = kind, CreatedAt = Second(at), RoomName = "named by the teller", RoomSid = room };

    private static ParticipantFacts Participant(string who, string sid, double? joinedAt) => new(
        sid, Named(who), joinedAt is { } at ? Second(at) : null, IsStandard: true, IsIngress: false, IsHidden: false, IsDisplaced: false, IngressId: null, ResourceId: null);

    /// <summary>A person's device, unless he says himself what he is.</summary>
    private static string Named(string who) => who.StartsWith("host:", StringComparison.Ordinal) || who.StartsWith("guest:", StringComparison.Ordinal) ? who : $"viewer:{who}";

    private static DateTimeOffset Second(double seconds) => Zero.AddSeconds(seconds);
}
