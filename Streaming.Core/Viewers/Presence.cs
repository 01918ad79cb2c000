namespace Streaming.Core.Viewers;

/// <summary>
/// One participant's stay in a room, keyed by his SID: a two-phase set (joined, then left for good; a reconnect is a new SID).
/// Written by the guarded writes alone.
/// </summary>
public sealed class Presence
{
    private Presence() { }

    public string ParticipantSid { get; private set; } = null!;
    public string RoomSid { get; private set; } = null!;
    public Guid ChannelId { get; private set; }
    public ParticipantRole Role { get; private set; }

    /// <summary>Who it is, whatever the device: viewers are counted by this.</summary>
    public string Person { get; private set; } = null!;

    /// <summary>LiveKit's <c>joinedAtMs</c>; null when only the end of the stay is known.</summary>
    public DateTimeOffset? JoinedAt { get; private set; }

    public DateTimeOffset? LeftAt { get; private set; }
}
