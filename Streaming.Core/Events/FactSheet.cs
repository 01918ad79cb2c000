using Streaming.Core.Sessions;
using Streaming.Core.Viewers;

namespace Streaming.Core.Events;

/// <summary>What a batch of events says about rooms, participants and ingest segments: columns ready to be merged into the tables.</summary>
internal sealed class FactSheet
{
    public List<string> RoomSids { get; } = [];
    public List<Guid> RoomChannels { get; } = [];
    public List<DateTimeOffset?> RoomStarted { get; } = [];
    public List<DateTimeOffset?> RoomFinished { get; } = [];

    public List<string> ParticipantSids { get; } = [];
    public List<string> ParticipantRooms { get; } = [];
    public List<Guid> ParticipantChannels { get; } = [];
    public List<string> ParticipantRoles { get; } = [];
    public List<string> ParticipantPersons { get; } = [];
    public List<DateTimeOffset?> ParticipantJoined { get; } = [];
    public List<DateTimeOffset?> ParticipantLeft { get; } = [];

    public List<SegmentFact> Segments { get; } = [];

    /// <summary>Rooms that started or finished: the end of a browser segment may follow from it.</summary>
    public string[] ChangedRooms { get; private set; } = [];

    public string[] ChangedSegments { get; private set; } = [];

    /// <summary>Channels whose sessions may follow anew from these facts.</summary>
    public Guid[] ChangedChannels { get; private set; } = [];

    /// <summary>By channel: the event that spoke last of its ingest.</summary>
    public Dictionary<Guid, string> Evidence { get; } = [];

    /// <summary>Events that told nothing new; known after <see cref="Changed"/>.</summary>
    public IReadOnlyCollection<string> Superseded { get; private set; } = [];

    /// <summary>Which rows each event speaks of.</summary>
    private readonly List<(string EventId, string Key)> _keys = [];

    /// <summary>Encoders that left: a segment that is known by their SID alone ends with them.</summary>
    private readonly List<string> _departed = [];

    public static bool HasEffect(LiveKitEvent e) => e.Kind switch
    {
        EventKinds.RoomStarted or EventKinds.RoomFinished => e.RoomSid is not null,
        EventKinds.ParticipantJoined or EventKinds.ParticipantLeft or EventKinds.ParticipantConnectionAborted => e is { RoomSid: not null, Participant: not null },
        EventKinds.TrackPublished => e is { RoomSid: not null, Participant: not null } && RoleOf(e.Participant) == ParticipantRole.Host,
        EventKinds.IngressStarted => e.Ingress is { ResourceId: not null, StartedAt: not null },
        EventKinds.IngressEnded => e.Ingress is { ResourceId: not null },
        _ => false,
    };

    public static FactSheet Of(IReadOnlyCollection<LiveKitEvent> events)
    {
        var sheet = new FactSheet();
        var rooms = new HashSet<string>();
        foreach (var e in events)
        {
            sheet.Add(e);
            if (e.Kind is not (EventKinds.RoomStarted or EventKinds.RoomFinished)) continue;
            rooms.Add(e.RoomSid!);
            sheet._keys.Add((e.Id, e.RoomSid!));
            sheet.Evidence[e.ChannelId!.Value] = e.Id;
        }

        sheet.ChangedRooms = [.. rooms];
        sheet.ChangedSegments = [.. sheet.Segments.Select(s => s.ResourceId).Concat(sheet._departed).Distinct()];
        sheet.ChangedChannels = [.. sheet.Evidence.Keys];
        return sheet;
    }

    /// <param name="keys">The rows that learned something: only from those does anything follow.</param>
    public void Changed(IReadOnlySet<string> keys)
    {
        Superseded = [.. _keys.GroupBy(k => k.EventId).Where(e => !e.Any(k => keys.Contains(k.Key))).Select(e => e.Key)];
        ChangedRooms = [.. ChangedRooms.Where(keys.Contains)];
        ChangedSegments = [.. ChangedSegments.Where(keys.Contains)];
    }

    private void Add(LiveKitEvent e)
    {
        var channel = e.ChannelId!.Value;
        if (e.RoomSid is not null) AddRoom(e, channel);
        switch (e.Kind)
        {
            case EventKinds.IngressStarted:
                AddSegment(e, new SegmentFact(e.Ingress!.ResourceId!, channel, SegmentSource.Ingress) { IngressId = e.Ingress.IngressId, StartedAt = e.Ingress.StartedAt });
                break;
            case EventKinds.IngressEnded:
                AddSegment(e, new SegmentFact(e.Ingress!.ResourceId!, channel, SegmentSource.Ingress)
                {
                    IngressId = e.Ingress.IngressId,
                    StoppedAt = e.Ingress.EndedAt ?? e.CreatedAt,
                    Failure = e.Ingress.Failure,
                });
                break;
            case EventKinds.TrackPublished:
                AddSegment(e, new SegmentFact(e.Participant!.Sid, channel, SegmentSource.Browser) { RoomSid = e.RoomSid, StartedAt = e.CreatedAt });
                break;
            case EventKinds.ParticipantJoined:
                AddPresence(e, channel, joinedAt: e.Participant!.JoinedAt ?? e.CreatedAt, leftAt: null);
                break;
            case EventKinds.ParticipantLeft:
                AddPresence(e, channel, e.Participant!.JoinedAt, leftAt: e.CreatedAt);
                AddSegmentEnd(e, e.Participant, channel);
                break;
            case EventKinds.ParticipantConnectionAborted:
                AddPresence(e, channel, joinedAt: null, leftAt: e.CreatedAt);
                AddSegmentEnd(e, e.Participant!, channel);
                break;
        }
    }

    private void AddRoom(LiveKitEvent e, Guid channel)
    {
        RoomSids.Add(e.RoomSid!);
        RoomChannels.Add(channel);
        RoomStarted.Add(e.Kind == EventKinds.RoomStarted ? e.CreatedAt : null);
        RoomFinished.Add(e.Kind == EventKinds.RoomFinished ? e.CreatedAt : null);
    }

    private void AddPresence(LiveKitEvent e, Guid channel, DateTimeOffset? joinedAt, DateTimeOffset? leftAt)
    {
        _keys.Add((e.Id, e.Participant!.Sid));
        ParticipantSids.Add(e.Participant.Sid);
        ParticipantRooms.Add(e.RoomSid!);
        ParticipantChannels.Add(channel);
        ParticipantRoles.Add(RoleOf(e.Participant).ToString());
        ParticipantPersons.Add(Identity.PersonOf(e.Participant.Identity));
        ParticipantJoined.Add(joinedAt);
        ParticipantLeft.Add(leftAt);
    }

    private void AddSegmentEnd(LiveKitEvent e, ParticipantFacts participant, Guid channel)
    {
        var isBrowser = RoleOf(participant) == ParticipantRole.Host;
        if (!isBrowser && !participant.IsIngress) return;
        if (!isBrowser)
        {
            _departed.Add(participant.Sid);
            Evidence[channel] = e.Id;
            if (participant.ResourceId is null) return;
        }

        AddSegment(e, new SegmentFact(isBrowser ? participant.Sid : participant.ResourceId!, channel, isBrowser ? SegmentSource.Browser : SegmentSource.Ingress)
        {
            IngressId = participant.IngressId,
            RoomSid = isBrowser ? e.RoomSid : null,
            LeftAt = e.CreatedAt,
            IsDisplaced = participant.IsDisplaced,
        });
    }

    private void AddSegment(LiveKitEvent e, SegmentFact fact)
    {
        _keys.Add((e.Id, fact.ResourceId));
        Evidence[fact.ChannelId] = e.Id;
        Segments.Add(fact);
    }

    private static ParticipantRole RoleOf(ParticipantFacts participant) =>
        Identity.RoleOf(participant.Identity, participant.IsStandard, participant.IsIngress, participant.IsHidden);
}

/// <summary>One event's contribution to an ingest segment.</summary>
internal sealed record SegmentFact(string ResourceId, Guid ChannelId, SegmentSource Source)
{
    public string? IngressId { get; init; }
    public string? RoomSid { get; init; }
    public DateTimeOffset? StartedAt { get; init; }
    public DateTimeOffset? StoppedAt { get; init; }
    public DateTimeOffset? LeftAt { get; init; }
    public bool IsDisplaced { get; init; }
    public string? Failure { get; init; }
}
