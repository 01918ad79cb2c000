namespace Streaming.Core.Sessions;

/// <summary>
/// One connection of an encoder (keyed by LiveKit's resource id) or of the creator's browser (keyed by the participant SID).
/// Written by the guarded writes alone.
/// </summary>
public sealed class IngestSegment
{
    /// <summary>Its <see cref="UseOutcome"/>, null while nothing is certain: as an index can have it.</summary>
    internal const string UseOutcomeSql =
        "case when began_at is not null and end_reason = 'taken_over' then 'TakenOver' when began_at is not null then 'Accepted' when stopped_at is not null then 'Refused' end";

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

    // What the reconciler saw when it asked LiveKit, by our clock: kept apart from what LiveKit told, which comes first.

    /// <summary>It was publishing when we asked, and nobody had told us: since when, as far as could be seen.</summary>
    public DateTimeOffset? SeenFrom { get; private set; }

    /// <summary>The last time that we asked and it was there although we took it for gone.</summary>
    public DateTimeOffset? SeenAt { get; private set; }

    /// <summary>The first of the looks at which it was no longer there. Counts when it is later than <see cref="SeenAt"/>.</summary>
    public DateTimeOffset? MissingAt { get; private set; }

    // What we did ourselves, by Postgres' clock.

    /// <summary>We ended the broadcast that it was part of: nobody reconnects to that session.</summary>
    public DateTimeOffset? CutAt { get; private set; }

    /// <summary>Why, when it was still publishing then: that is its end, whatever LiveKit tells of it afterwards. Else null.</summary>
    public string? CutReason { get; private set; }

    // Derived: this one by the database, the others from the facts of the whole channel.

    /// <summary><see cref="StartedAt"/> or, where LiveKit's word was lost, <see cref="SeenFrom"/>. Null: no media ever arrived.</summary>
    public DateTimeOffset? BeganAt { get; private set; }


    public DateTimeOffset? EndedAt { get; private set; }
    public string? EndReason { get; private set; }
    public Guid? SessionId { get; private set; }

    /// <summary>The segment that took its place.</summary>
    public string? ReplacedBy { get; private set; }

    /// <summary>What the ledger of keys says of it.</summary>
    public UseOutcome? LedgeredAs { get; private set; }
}

public enum SegmentSource
{
    Ingress,
    Browser,
}
