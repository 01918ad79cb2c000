using System.ComponentModel.DataAnnotations;

namespace Streaming.Api.Http;

/// <summary>How often one user or one address may call.</summary>
public sealed class RateLimitOptions : IValidatableObject
{
    public const string Section = "RateLimits";

    /// <summary>All requests of one signed-in user.</summary>
    public Allowance PerUser { get; set; } = new(100, 10);

    /// <summary>All requests without a valid session token from one remote address.</summary>
    public Allowance Anonymous { get; set; } = new(100, 10);

    /// <summary>Making and removing stream keys, per user.</summary>
    public Allowance IngressChanges { get; set; } = new(5, 60);

    /// <summary>The same over a day.</summary>
    public Allowance IngressChangesPerDay { get; set; } = new(20, 24 * 60 * 60);

    /// <summary>Tokens that let into a room, per user.</summary>
    public Allowance Tokens { get; set; } = new(30, 60);

    /// <summary>The same for those who are not signed in, per address.</summary>
    public Allowance GuestTokens { get; set; } = new(20, 60);

    /// <summary>Searches, per user or address.</summary>
    public Allowance Searches { get; set; } = new(30, 60);

    /// <summary>Chat messages, per user.</summary>
    public Allowance ChatMessages { get; set; } = new(20, 10);

    /// <summary>Webhook deliveries with a wrong signature from one remote address. Good ones are never limited.</summary>
    public Allowance FailedSignatures { get; set; } = new(20, 60);

    /// <summary>Opaque session tokens of nobody from one remote address: after so many, the auth server is not asked for more.</summary>
    public Allowance UnknownTokens { get; set; } = new(20, 60);

    /// <summary>How long a caller waits for Redis when it is asked what he has left; then he is counted by this process alone.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:00:05", ErrorMessage = "RateLimits:WaitForRedis must lie between 1 millisecond and 5 seconds.")]
    public TimeSpan WaitForRedis { get; set; } = TimeSpan.FromMilliseconds(50);

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) =>
        new[] { PerUser, Anonymous, IngressChanges, IngressChangesPerDay, Tokens, GuestTokens, Searches, ChatMessages, FailedSignatures, UnknownTokens }.Any(a => a.Requests < 1 || a.Seconds < 1)
            ? [new ValidationResult("RateLimits has an allowance with fewer than 1 request or 1 second.")]
            : [];
}

/// <summary>So many requests in so many seconds.</summary>
public sealed record Allowance
{
    public Allowance() { }
    public Allowance(int requests, int seconds) => (Requests, Seconds) = (requests, seconds);

    public int Requests { get; set; }
    public int Seconds { get; set; }
}
