namespace Streaming.Core.Sessions;

/// <summary>
/// One connection of an encoder (keyed by LiveKit's resource id) or of the creator's browser (keyed by the participant SID).
/// Written by the guarded writes alone.
/// </summary>
public sealed class IngestSegment
{
    private IngestSegment() { }

    /// <summary>LiveKit's <c>ingressInfo.state.resourceId</c>, or the participant SID of a browser.</summary>
    public string ResourceId { get; private set; } = null!;

    public Guid ChannelId { get; private set; }
    public SegmentSource Source { get; private set; }
    public string? IngressId { get; private set; }

    /// <summary>The room of a browser segment: it cannot outlive its room.</summary>
    public string? RoomSid { get; private set; }

    // Facts, each merged by minimum, so that any order and any repetition gives the same row.

    /// <summary>Media began: <c>state.startedAt</c> of ingress_started, or the creation time of the browser's first track_published.
    /// Null when it never did (a refused connection).</summary>
    public DateTimeOffset? StartedAt { get; private set; }

    /// <summary>LiveKit's ingress says that it ended: <c>state.endedAt</c> of ingress_ended.</summary>
    public DateTimeOffset? StoppedAt { get; private set; }

    /// <summary>Its participant left the room (whole seconds: the event's creation time).</summary>
    public DateTimeOffset? LeftAt { get; private set; }

    /// <summary>Another publisher with the same identity took its place.</summary>
    public bool IsDisplaced { get; private set; }

    /// <summary>Why LiveKit refused or broke it off, as one of our codes.</summary>
    public string? Failure { get; private set; }

    // Derived from the facts of the whole channel.

    public DateTimeOffset? EndedAt { get; private set; }
    public string? EndReason { get; private set; }
    public Guid? SessionId { get; private set; }
}

public enum SegmentSource
{
    Ingress,
    Browser,
}
