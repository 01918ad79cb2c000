namespace Streaming.Core.Sessions;

/// <summary>
/// One broadcast: the ingest segments that follow each other within the reconnect window. Derived from them, never changed by hand.
/// </summary>
public sealed class Session
{
    private Session() { }

    public Guid Id { get; private set; }
    public Guid ChannelId { get; private set; }

    /// <summary>When its first segment began.</summary>
    public DateTimeOffset StartedAt { get; private set; }

    /// <summary>When media last stopped; null while media is arriving. Once nobody can reconnect any more, the moment it ended.</summary>
    public DateTimeOffset? MediaEndedAt { get; private set; }

    /// <summary>Why media last stopped, as a stable code; null while media is arriving.</summary>
    public string? EndReason { get; private set; }

    /// <summary>The channel's window when the session began: a later change of the setting does not rewrite history.</summary>
    public int ReconnectWindowSeconds { get; private set; }

    /// <summary>Until when a new segment belongs to this session; null while media is arriving.</summary>
    public DateTimeOffset? ReconnectUntil { get; private set; }

    /// <summary>When publishers last began to fight over the key; see <see cref="Contest"/>.</summary>
    public DateTimeOffset? ContestedAt { get; private set; }

    /// <summary>The <see cref="MediaEndedAt"/> with which it was said that nobody can reconnect any more; see <see cref="Conclusions"/>.</summary>
    public DateTimeOffset? ConcludedFor { get; private set; }
}
