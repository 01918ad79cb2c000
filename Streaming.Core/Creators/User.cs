namespace Streaming.Core.Creators;

/// <summary>A person as the auth server knows him. Created on first sight of a valid session token.</summary>
public sealed class User
{
    /// <summary>Longest id we accept, in characters: it becomes part of LiveKit identities, which hold 256.</summary>
    public const int IdMax = 64;

    private User() { }

    public User(string id, DateTimeOffset now)
    {
        Id = id;
        CreatedAt = now;
    }

    /// <summary>The auth server's own id for the user: the <c>sub</c> of his session tokens.</summary>
    public string Id { get; private set; } = null!;

    /// <summary>His address among the channels: see <see cref="Creators.Username"/>. Null until a token of his named one, or he chose one.</summary>
    public string? Username { get; private set; }

    /// <summary>How many follow him: the database counts, whatever adds or removes one.</summary>
    public int FollowerCount { get; private set; }

    /// <summary>When we first saw one of his tokens.</summary>
    public DateTimeOffset CreatedAt { get; private set; }
}
