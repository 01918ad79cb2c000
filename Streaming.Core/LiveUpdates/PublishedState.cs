namespace Streaming.Core.LiveUpdates;

/// <summary>
/// How a channel stood when that was last told to those who follow it. Written by the database's <c>publish_states</c>, which compares it with
/// what the sessions imply and tells only what is new: facts may come in any order and any number, what is told is states.
/// </summary>
public sealed class PublishedState
{
    private PublishedState() { }

    public Guid ChannelId { get; private set; }

    /// <summary><c>offline</c>, <c>live</c>, <c>test</c>, <c>reconnecting</c> or <c>ended</c>.</summary>
    public string State { get; private set; } = null!;

    /// <summary>The session that is running, or the last one; null when there was none.</summary>
    public Guid? SessionId { get; private set; }

    /// <summary>Of the session that is running.</summary>
    public DateTimeOffset? StartedAt { get; private set; }

    public DateTimeOffset? MediaEndedAt { get; private set; }
    public string? EndReason { get; private set; }

    /// <summary>While it is reconnecting.</summary>
    public DateTimeOffset? ReconnectUntil { get; private set; }
}
