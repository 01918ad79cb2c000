using Streaming.Core.Idempotency;

namespace Streaming.Api.Http;

/// <summary>Marks a POST that may be repeated with the same <c>Idempotency-Key</c>.</summary>
/// <param name="Replay">Makes the answer anew from what was made; null where the answer itself is kept.</param>
public sealed record IdempotentMetadata(Func<HttpContext, string, Task<IResult>>? Replay);

public static class IdempotentConvention
{
    /// <summary>A success is kept for 24 hours and repeated byte for byte. Not for answers that hold a secret.</summary>
    public static RouteHandlerBuilder Idempotent(this RouteHandlerBuilder post) => post.WithMetadata(new IdempotentMetadata(Replay: null));

    /// <summary>
    /// For answers that hold a secret. The handler takes an <see cref="IdempotentRequest"/> and keeps the id of what it makes in the transaction
    /// that makes it; a repetition has the answer made anew from that id.
    /// </summary>
    public static RouteHandlerBuilder Idempotent(this RouteHandlerBuilder post, Func<HttpContext, string, Task<IResult>> replay) =>
        post.WithMetadata(new IdempotentMetadata(replay));
}

/// <summary>A parameter of a handler that keeps what it makes: the request's claim, null when it came without an <c>Idempotency-Key</c>.</summary>
public sealed record IdempotentRequest(RequestClaim? Claim)
{
    public static ValueTask<IdempotentRequest> BindAsync(HttpContext context) => new(context.Features.Get<IdempotentRequest>() ?? new IdempotentRequest(Claim: null));
}
