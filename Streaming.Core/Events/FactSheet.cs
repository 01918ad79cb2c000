using Streaming.Core.Sessions;
using Streaming.Core.Viewers;

namespace Streaming.Core.Events;

/// <summary>What a batch of events says about rooms, participants and ingest segments, merged: one fact for each row that it speaks of.</summary>
internal sealed class FactSheet
{
    public IReadOnlyCollection<RoomFact> Rooms => _rooms.Values;

    public IReadOnlyCollection<PresenceFact> Presences => _presences.Values;

    public IReadOnlyCollection<SegmentFact> Segments => _segments.Values;

    /// <summary>Rooms that started or finished: the end of a browser segment may follow from it.</summary>
    public string[] ChangedRooms { get; private set; } = [];

    public string[] ChangedSegments { get; private set; } = [];

    /// <summary>Channels whose sessions may follow anew from these facts.</summary>
    public Guid[] ChangedChannels { get; private set; } = [];

    /// <summary>By channel: the event that spoke last of its ingest.</summary>
    public Dictionary<Guid, string> Evidence { get; } = [];

    /// <summary>Events that told nothing new; known after <see cref="Changed"/>.</summary>
    public IReadOnlyCollection<string> Superseded { get; private set; } = [];

    private readonly Dictionary<string, RoomFact> _rooms = [];
    private readonly Dictionary<string, PresenceFact> _presences = [];
    private readonly Dictionary<string, SegmentFact> _segments = [];

    /// <summary>Which rows each event speaks of, an event's one after the other.</summary>
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
        sheet.ChangedSegments = [.. sheet._segments.Keys.Union(sheet._departed)];
        sheet.ChangedChannels = [.. sheet.Evidence.Keys];
        return sheet;
    }

    /// <param name="keys">The rows that learned something: only from those does anything follow.</param>
    public void Changed(IReadOnlySet<string> keys)
    {
        Superseded = [.. EventsOf(_keys).Except(EventsOf(_keys.Where(k => keys.Contains(k.Key))))];
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
        var known = _rooms.TryGetValue(e.RoomSid!, out var room);
        if (known && e.Kind is not (EventKinds.RoomStarted or EventKinds.RoomFinished)) return; // most only mention it
        room ??= new RoomFact(e.RoomSid!, channel);
        _rooms[room.Sid] = e.Kind switch
        {
            EventKinds.RoomStarted => room with { StartedAt = Merge.Latest(room.StartedAt, e.CreatedAt) },
            EventKinds.RoomFinished => room with { FinishedAt = Merge.Earliest(room.FinishedAt, e.CreatedAt) },
            _ => room,
        };
    }

    private void AddPresence(LiveKitEvent e, Guid channel, DateTimeOffset? joinedAt, DateTimeOffset? leftAt)
    {
        _keys.Add((e.Id, e.Participant!.Sid));
        var who = e.Participant;
        var presence = _presences.GetValueOrDefault(who.Sid) ?? new PresenceFact(who.Sid, e.RoomSid!, channel, RoleOf(who), Identity.PersonOf(who.Identity));
        _presences[who.Sid] = presence with { JoinedAt = Merge.Earliest(presence.JoinedAt, joinedAt), LeftAt = Merge.Earliest(presence.LeftAt, leftAt) };
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
        _segments[fact.ResourceId] = _segments.TryGetValue(fact.ResourceId, out var known) ? known.And(fact) : fact;
    }

    private static IEnumerable<string> EventsOf(IEnumerable<(string EventId, string Key)> keys) => keys.Select(k => k.EventId);

    private static ParticipantRole RoleOf(ParticipantFacts participant) =>
        Identity.RoleOf(participant.Identity, participant.IsStandard, participant.IsIngress, participant.IsHidden);
}

/// <summary>A room that events speak of, and when it began and finished if they say so.</summary>
internal sealed record RoomFact(string Sid, Guid ChannelId)
{
    public DateTimeOffset? StartedAt { get; init; }
    public DateTimeOffset? FinishedAt { get; init; }
}

/// <summary>A participant that events speak of.</summary>
internal sealed record PresenceFact(string Sid, string RoomSid, Guid ChannelId, ParticipantRole Role, string Person)
{
    public DateTimeOffset? JoinedAt { get; init; }
    public DateTimeOffset? LeftAt { get; init; }
}

/// <summary>What one event, or several, say of an ingest segment.</summary>
internal sealed record SegmentFact(string ResourceId, Guid ChannelId, SegmentSource Source)
{
    public string? IngressId { get; init; }
    public string? RoomSid { get; init; }
    public DateTimeOffset? StartedAt { get; init; }
    public DateTimeOffset? StoppedAt { get; init; }
    public DateTimeOffset? LeftAt { get; init; }
    public bool IsDisplaced { get; init; }
    public string? Failure { get; init; }

    public SegmentFact And(SegmentFact other) => this with
    {
        IngressId = IngressId ?? other.IngressId,
        RoomSid = RoomSid ?? other.RoomSid,
        StartedAt = Merge.Earliest(StartedAt, other.StartedAt),
        StoppedAt = Merge.Earliest(StoppedAt, other.StoppedAt),
        LeftAt = Merge.Earliest(LeftAt, other.LeftAt),
        IsDisplaced = IsDisplaced || other.IsDisplaced,
        Failure = string.CompareOrdinal(Failure, other.Failure) >= 0 ? Failure : other.Failure,
    };
}

/// <summary>As <see cref="FactWrites"/> merges what a batch says with what the tables have: an unknown time gives way to any.</summary>
file static class Merge
{
    public static DateTimeOffset? Earliest(DateTimeOffset? one, DateTimeOffset? other) => one is null || other < one ? other : one;

    public static DateTimeOffset? Latest(DateTimeOffset? one, DateTimeOffset? other) => one is null || other > one ? other : one;
}
