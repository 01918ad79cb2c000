using System.ComponentModel.DataAnnotations;

namespace Streaming.Api.Http;

/// <summary>How requests with an <c>Idempotency-Key</c> are treated.</summary>
public sealed class IdempotencyOptions
{
    public const string Section = "Idempotency";

    /// <summary>After which an attempt that has not ended is taken for dead: longer than the slowest one.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan Lease { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How long a twin of a running request waits for its answer before it is told to come again.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:00:30")]
    public TimeSpan Patience { get; set; } = TimeSpan.FromSeconds(10);
}
