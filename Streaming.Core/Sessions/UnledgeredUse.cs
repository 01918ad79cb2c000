namespace Streaming.Core.Sessions;

/// <summary>How the connection of an encoder went, as far as is known.</summary>
public enum UseOutcome
{
    /// <summary>It ended without any media.</summary>
    Refused,

    /// <summary>It published.</summary>
    Accepted,

    /// <summary>It published until another publisher of the channel displaced it.</summary>
    TakenOver,
}

/// <summary>A connection of an encoder of which the ledger of keys does not say what is known of it now.</summary>
/// <param name="Was">What the ledger says; null when it says nothing.</param>
public sealed record UnledgeredUse(
    Guid ChannelId, string ResourceId, string? IngressId, DateTimeOffset? BeganAt, DateTimeOffset? EndedAt, string? Failure, UseOutcome? Was, UseOutcome Is);
