using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Streaming.Api.Auth;
using Streaming.Api.Http;
using Streaming.Core.Data;
using Streaming.Core.LiveKit;
using Streaming.Core.Sessions;
using Streaming.Core.Streams;
using Streaming.Core.Viewers;

namespace Streaming.Api.Features.CreatorToken;

public static class CreatorTokenEndpoints
{
    public static void MapCreatorToken(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/api/stream/creator-token", Post)
            .RequireAuthorization(ApprovedCreator.Policy)
            .RequireRateLimiting(Limits.Tokens)
            .WithTags("Stream")
            .WithSummary("Get a token to broadcast from the browser")
            .WithDescription("Joins the channel's room as its host, with the right to publish. Each token is for one device: a second use of it ends the first.")
            .Gives(new CreatorTokenAnswer("eyJhbGciOiJIUzI1NiJ9…", new("wss://livekit.example.com"), "host:dev-creator:m3Xq9Lr2", new(2025, 11, 23, 10, 25, 0, TimeSpan.Zero)))
            .Fails(Errors.StreamNotFound, Errors.Suspended, Errors.ReconnectBlocked);

    private static async Task<Results<Ok<CreatorTokenAnswer>, ApiError>> Post(
        HttpContext http, StreamingDb db, Suspensions suspensions, Cutoffs cutoffs, CurrentUser user, AccessTokens tokens, IOptions<LiveKitOptions> livekit, TimeProvider time, CancellationToken ct)
    {
        if (await db.Channels.OwnedBy(user.Id).Select(c => (Guid?)c.Id).SingleOrDefaultAsync(ct) is not { } channel) return Errors.StreamNotFound;
        if (await suspensions.IsSuspended(user.Id, ct)) return Errors.Suspended;
        if (await cutoffs.OffAir(channel, time.GetUtcNow(), ct) is { } off) return Errors.ReconnectBlocked with { Details = new { off.Until } };
        var identity = Identity.Host(user.Id);
        var token = tokens.Mint(identity, channel.ToString(), RoomGrants.Creator);
        http.Response.Headers.CacheControl = "no-store";
        return TypedResults.Ok(new CreatorTokenAnswer(token.Reveal(), livekit.Value.ClientUrl, identity, token.ExpiresAt));
    }
}

/// <param name="Token">For LiveKit's client SDKs. A secret until it expires.</param>
/// <param name="Url">LiveKit's address, for the same.</param>
/// <param name="Identity">Who the holder is in the room.</param>
/// <param name="ExpiresAt">Until when it can be used to join. Once connected, LiveKit renews it.</param>
public sealed record CreatorTokenAnswer(string Token, Uri Url, string Identity, DateTimeOffset ExpiresAt)
{
    public override string ToString() => $"CreatorTokenAnswer {{ Token = ***, Identity = {Identity} }}";
}
