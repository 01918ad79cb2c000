namespace Streaming.Core.Viewers;

/// <summary>
/// A rule changed, and whoever is in the channel's room, or comes in with a token from before, has to be looked at. Written by triggers, in
/// the transaction that changes the rule; kept until no such token can be alive any more.
/// </summary>
public sealed class RoomCheck
{
    private RoomCheck() { }

    public Guid ChannelId { get; private set; }

    /// <summary>Whom it is about, as in <see cref="Presence.Person"/>; empty for everybody.</summary>
    public string Person { get; private set; } = null!;

    /// <summary>Grows with each change, so that one during a look is not taken for seen by it.</summary>
    public long Version { get; private set; }

    /// <summary>When the next look is due.</summary>
    public DateTimeOffset DueAt { get; private set; }

    /// <summary>Until when a token from before can be used to join.</summary>
    public DateTimeOffset WatchUntil { get; private set; }
}
