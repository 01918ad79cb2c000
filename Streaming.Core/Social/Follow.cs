namespace Streaming.Core.Social;

/// <summary>One user follows another. Following again after having stopped begins anew: followers-only rules ask since when.</summary>
public sealed class Follow
{
    private Follow() { }

    public string FollowerId { get; private set; } = null!;
    public string FolloweeId { get; private set; } = null!;
    public DateTimeOffset FollowedAt { get; private set; }

    /// <summary>Whether the follower is told when the other goes live.</summary>
    public bool Notify { get; private set; }
}
