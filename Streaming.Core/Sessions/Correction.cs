namespace Streaming.Core.Sessions;

/// <summary>A time when LiveKit's own answer contradicted what its webhooks had told, and was believed: what was put right, and on what evidence.</summary>
public sealed class Correction
{
    private Correction() { }

    public long Id { get; private set; }
    public DateTimeOffset At { get; private set; }
    public Guid ChannelId { get; private set; }
    public CorrectionKind Kind { get; private set; }

    /// <summary>The ingest segment or the participant.</summary>
    public string Subject { get; private set; } = null!;

    public string? RoomSid { get; private set; }

    /// <summary>The first look at LiveKit that showed it; <see cref="At"/> is the one that confirmed it.</summary>
    public DateTimeOffset FirstSeenAt { get; private set; }
}

/// <summary>What was put right.</summary>
public enum CorrectionKind
{
    /// <summary>It was publishing and we did not know.</summary>
    SegmentStarted,

    /// <summary>It published no longer and we did not know.</summary>
    SegmentEnded,

    /// <summary>Somebody was in the room and we did not know.</summary>
    ParticipantJoined,

    /// <summary>Somebody was no longer in the room and we did not know.</summary>
    ParticipantLeft,
}
