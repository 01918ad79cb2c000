using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;
using Streaming.Api.Auth;
using Streaming.Core.Data;
using Streaming.Core.Idempotency;

namespace Streaming.Api.Http;

/// <summary>
/// Carries a request with an <c>Idempotency-Key</c> out once, however often it comes: by its user, route and key. Only a success is remembered:
/// what failed has changed nothing, or has been undone, and its repetition is another try.
/// </summary>
public sealed partial class IdempotentRequests(RememberedRequests remembered, IOptions<IdempotencyOptions> options, TimeProvider time, ILogger<IdempotentRequests> log)
{
    public const string Header = "Idempotency-Key";
    public const string ReplayedHeader = "Idempotency-Replayed";
    public const int MaxKey = 255;

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(100);

    public Task Handle(HttpContext context, RequestDelegate next)
    {
        if (context.GetEndpoint() is not RouteEndpoint endpoint || endpoint.Metadata.GetMetadata<IdempotentMetadata>() is not { } idempotent) return next(context);
        if (CurrentUser.Of(context.User) is not { Id: var user } || !context.Request.Headers.TryGetValue(Header, out var given)) return next(context);
        if (KeyOf(given) is not { } key) return Errors.InvalidIdempotencyKey.ExecuteAsync(context);

        var name = new RequestName(user, $"{context.Request.Method} {endpoint.RoutePattern.RawText}", SHA256.HashData(key));
        return Handle(context, next, idempotent, name);
    }

    private async Task Handle(HttpContext context, RequestDelegate next, IdempotentMetadata idempotent, RequestName name)
    {
        var fingerprint = await Fingerprint(context.Request, context.RequestAborted);
        var deadline = time.GetUtcNow() + options.Value.Patience;
        while (true)
        {
            switch (await remembered.Begin(name, fingerprint, options.Value.Lease, context.RequestAborted))
            {
                case Attempt.Ours { Claim: var claim }:
                    await CarryOut(context, next, idempotent, claim);
                    return;
                case Attempt.Done done:
                    await Repeat(context, idempotent, done);
                    return;
                case Attempt.Another:
                    await Errors.IdempotencyKeyReused.ExecuteAsync(context);
                    return;
                case Attempt.Running { AtMost: var left } when time.GetUtcNow() >= deadline:
                    await (Errors.IdempotencyKeyInUse with { RetryAfter = left }).ExecuteAsync(context);
                    return;
            }

            await Task.Delay(LookEvery, time, context.RequestAborted);
        }
    }

    /// <summary>The caller's going away stops nothing: he may be back in a moment with the same key.</summary>
    private async Task CarryOut(HttpContext context, RequestDelegate next, IdempotentMetadata idempotent, RequestClaim claim)
    {
        context.RequestAborted = CancellationToken.None;
        context.Features.Set(new IdempotentRequest(claim));
        var wire = context.Response.Body;
        using var answer = new MemoryStream();
        context.Response.Body = answer;
        try
        {
            await next(context);
        }
        catch
        {
            context.Response.Body = wire;
            await Try(() => remembered.Forget(claim));
            throw;
        }

        context.Response.Body = wire;
        var response = context.Response;
        if (response.StatusCode is < 200 or > 299) await Try(() => remembered.Forget(claim));
        else if (idempotent.Replay is null) await Try(() => remembered.Complete(claim, response.StatusCode, response.ContentType, response.Headers.Location, answer.ToArray()));
        answer.Position = 0;
        await answer.CopyToAsync(wire);
    }

    private static async Task Repeat(HttpContext context, IdempotentMetadata idempotent, Attempt.Done done)
    {
        context.Response.Headers[ReplayedHeader] = "true";
        if (idempotent.Replay is { } replay && done.Resource is { } resource)
        {
            await (await replay(context, resource)).ExecuteAsync(context);
            return;
        }

        context.Response.StatusCode = done.Status;
        context.Response.ContentType = done.ContentType;
        if (done.Location is { } location) context.Response.Headers.Location = location;
        await context.Response.Body.WriteAsync(done.Body, context.RequestAborted);
    }

    /// <summary>What was done is done, whether it can be remembered or not; without, the lease's end lets a repetition in.</summary>
    private async Task Try(Func<Task> remember)
    {
        try
        {
            await remember();
        }
        catch (Exception e) when (Failures.IsTransient(e))
        {
            Log.NotRemembered(log, e.GetType().Name);
        }
    }

    private static byte[]? KeyOf(StringValues given) =>
        given is [{ Length: > 0 and <= MaxKey } key] && key.All(c => c is > ' ' and <= '~') ? Encoding.ASCII.GetBytes(key) : null;

    private static async Task<byte[]> Fingerprint(HttpRequest request, CancellationToken ct)
    {
        request.EnableBuffering();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{request.Path}{request.QueryString}\n"));
        var piece = new byte[4096];
        for (int read; (read = await request.Body.ReadAsync(piece, ct)) > 0;) hash.AppendData(piece.AsSpan(0, read));
        request.Body.Position = 0;
        return hash.GetHashAndReset();
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "The outcome of a request with an Idempotency-Key could not be remembered ({Failure})")]
        public static partial void NotRemembered(ILogger logger, string failure);
    }
}
