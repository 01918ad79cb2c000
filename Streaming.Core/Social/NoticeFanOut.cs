namespace Streaming.Core.Social;

/// <summary>
/// The followers of a channel are being told of a session, or have been: written once for each session. A piece of them is told in one
/// transaction with how far that is, so whoever takes over goes on where the last one was.
/// </summary>
public sealed class NoticeFanOut
{
    private NoticeFanOut() { }

    public Guid SessionId { get; private set; }
    public Guid ChannelId { get; private set; }

    /// <summary>As it was known then: by this a session into which others were merged knows that its followers were told.</summary>
    public DateTimeOffset SessionStartedAt { get; private set; }

    /// <summary>Whoever follows later knows already.</summary>
    public DateTimeOffset OpenedAt { get; private set; }

    /// <summary>The last follower who was looked at, in the order of their ids; empty at the beginning, and once it is closed.</summary>
    public string Position { get; private set; } = null!;

    public int Told { get; private set; }

    /// <summary>When its last piece was done: the one that waits longest comes next, so that nobody waits for all the followers of another.</summary>
    public DateTimeOffset MovedAt { get; private set; }

    /// <summary>When all were told, or the session was over.</summary>
    public DateTimeOffset? ClosedAt { get; private set; }
}
