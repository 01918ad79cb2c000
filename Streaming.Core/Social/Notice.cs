namespace Streaming.Core.Social;

/// <summary>A follower was told that somebody went live. Once for each session.</summary>
public sealed class Notice
{
    private Notice() { }

    public string UserId { get; private set; } = null!;
    public Guid SessionId { get; private set; }

    /// <summary>Whose it is.</summary>
    public Guid ChannelId { get; private set; }

    public DateTimeOffset At { get; private set; }
}
