namespace Streaming.Core.Viewers;

/// <summary>Somebody whom the creator has let into his private channel.</summary>
public sealed class AllowedViewer
{
    /// <summary>How many a channel can have.</summary>
    public const int Most = 500;

    private AllowedViewer() { }

    public AllowedViewer(Guid channelId, string userId, DateTimeOffset now) => (ChannelId, UserId, AllowedAt) = (channelId, userId, now);

    public Guid ChannelId { get; private set; }
    public string UserId { get; private set; } = null!;
    public DateTimeOffset AllowedAt { get; private set; }
}
