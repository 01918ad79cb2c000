namespace Streaming.Core.Social;

/// <summary>One user follows another. Following again after having stopped begins anew: followers-only rules ask since when.</summary>
public sealed class Follow
{
    private Follow() { }

    public string FollowerId { get; private set; } = null!;
    public string FolloweeId { get; private set; } = null!;
    public DateTimeOffset FollowedAt { get; private set; }
}
