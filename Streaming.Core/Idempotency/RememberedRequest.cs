namespace Streaming.Core.Idempotency;

/// <summary>
/// A POST that came with an <c>Idempotency-Key</c>, so that its repetition has no second effect. Holds the answer, or only the id of what
/// was made when the answer shows a secret; never the key or the body themselves.
/// </summary>
public sealed class RememberedRequest
{
    private RememberedRequest() { }

    public string UserId { get; private set; } = null!;

    /// <summary>Method and route pattern.</summary>
    public string Route { get; private set; } = null!;

    public byte[] KeySha256 { get; private set; } = null!;

    /// <summary>Of path, query and body: another request with the same key is refused.</summary>
    public byte[] RequestSha256 { get; private set; } = null!;

    /// <summary>The attempt that carries it out, until <see cref="LeaseUntil"/>. One that died leaves the request to the next.</summary>
    public Guid Owner { get; private set; }

    public DateTimeOffset LeaseUntil { get; private set; }
    public DateTimeOffset CreatedAt { get; private set; }

    /// <summary>From then on it is answered from here.</summary>
    public DateTimeOffset? CompletedAt { get; private set; }

    public int? Status { get; private set; }
    public string? ContentType { get; private set; }
    public string? Location { get; private set; }
    public byte[]? Body { get; private set; }

    /// <summary>What was made, where the answer itself must not be kept.</summary>
    public string? Resource { get; private set; }
}
