namespace Streaming.Core.LiveUpdates;

/// <summary>Somebody went live whom one follows: the body of <see cref="UpdateTypes.WentLive"/>.</summary>
/// <param name="SessionId">The broadcast.</param>
/// <param name="UserId">Who went live.</param>
/// <param name="Username">Null when he has none.</param>
/// <param name="Title">What the stream was called when it began.</param>
/// <param name="StartedAt">When it began.</param>
public sealed record WentLive(Guid SessionId, string UserId, string? Username, string Title, DateTimeOffset StartedAt);
