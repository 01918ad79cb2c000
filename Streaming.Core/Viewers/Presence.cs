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

    /// <summary>The last time that the reconciler asked LiveKit and he was there although we took him for gone, by our clock.</summary>
    public DateTimeOffset? SeenAt { get; private set; }

    /// <summary>The first of the looks at which he was no longer there. Counts when it is later than <see cref="SeenAt"/>.</summary>
    public DateTimeOffset? MissingAt { get; private set; }

    /// <summary>Joined, not left, and not missing; whether the room still stands is the room's affair. Derived by the database.</summary>
    public bool IsPresent { get; private set; }
}
