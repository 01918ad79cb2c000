namespace Streaming.Core.Creators;

/// <summary>A user who may see and do what operators may. From this table alone, never from a token.</summary>
public sealed class Administrator
{
    private Administrator() { }

    public Administrator(string userId, DateTimeOffset now) => (UserId, GrantedAt) = (userId, now);

    public string UserId { get; private set; } = null!;
    public DateTimeOffset GrantedAt { get; private set; }
}
