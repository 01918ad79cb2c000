using Streaming.Core.Streams;

namespace Streaming.Core.Sessions;

/// <summary>
/// The channel's settings when a session began, or rather when we learned that it had: the database writes them down with the session, once.
/// They stay when late facts merge the session with another and part them again.
/// </summary>
public sealed class SessionSnapshot
{
    private SessionSnapshot() { }

    public Guid SessionId { get; private set; }
    public Guid ChannelId { get; private set; }
    public string Title { get; private set; } = null!;
    public string? Thumbnail { get; private set; }
    public string? Category { get; private set; }
    public string? Language { get; private set; }
    public IReadOnlyList<string> Tags { get; private set; } = [];
    public bool IsMature { get; private set; }
    public Visibility Visibility { get; private set; }
    public bool AllowsGuests { get; private set; }
    public bool IsChatEnabled { get; private set; }
    public bool IsChatDelayed { get; private set; }
    public bool IsChatFollowersOnly { get; private set; }
    public int ReconnectWindowSeconds { get; private set; }
    public int MaxDurationMinutes { get; private set; }
    public ContestRule OnContest { get; private set; }

    /// <summary>Of the key with which it began; null when it began in the creator's browser.</summary>
    public KeyQuality? Quality { get; private set; }

    public DateTimeOffset TakenAt { get; private set; }
}
