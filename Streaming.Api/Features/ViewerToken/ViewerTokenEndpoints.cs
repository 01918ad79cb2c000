using Microsoft.AspNetCore.Http.HttpResults;
using Streaming.Api.Auth;
using Streaming.Api.Http;

namespace Streaming.Api.Features.ViewerToken;

public static class ViewerTokenEndpoints
{
    private const int GuestNameMax = 40;

    public static IServiceCollection AddViewerTokens(this IServiceCollection services)
    {
        services.AddOptions<ViewingOptions>().BindConfiguration(ViewingOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        return services.AddSingleton<ViewerEntry>();
    }

    public static void MapViewerToken(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/api/stream/token/{hostId}", Get)
            .WithOptionalSignIn()
            .RequireRateLimiting(Limits.Tokens)
            .WithTags("Viewers")
            .WithSummary("Get a token to watch")
            .WithDescription("For LiveKit's client SDKs: joins the creator's room without the right to publish. Signed in, each token is for one device; a guest is the same guest "
                + "across reloads by a cookie, and a second window of his takes the place of the first. Ask again after `refreshAfter`, and always before joining anew. "
                + "When a rule changes, whoever is in the room has his right to chat changed, or is removed from it, within two seconds. "
                + "One person's oldest device is ended when he comes in with one more than the operator allows (five): the attribute `streaming.removed` of its own participant is `device_limit` then.")
            .Gives(new ViewerTokenAnswer(
                "eyJhbGciOiJIUzI1NiJ9…", new("wss://livekit.example.com"), "viewer:dev-viewer:m3Xq9Lr2", new(2025, 11, 23, 10, 25, 0, TimeSpan.Zero), new(2025, 11, 23, 10, 23, 0, TimeSpan.Zero),
                new ChatAccess(true, false, false, ChatDelivery.Direct, true, null)))
            .Fails(Errors.Unauthorized, Errors.AuthUnavailable, Errors.ServiceUnavailable, Errors.ChannelNotFound, Errors.Offline,
                Errors.ChannelSuspended, Errors.Blocked, Errors.Banned, Errors.PrivateChannel, Errors.FollowersOnly, Errors.GuestsNotAllowed, Errors.OverCapacity, Errors.ValidationFailed);

    private static async Task<Results<Ok<ViewerTokenAnswer>, ApiError>> Get(
        string hostId, HttpContext http, ViewerEntry entry, CurrentUser? user = null, [Text(1, GuestNameMax)] string? guestName = null)
    {
        var (answer, error) = await entry.Admit(hostId, user?.Id, guestName?.Trim(), http);
        return error is null ? TypedResults.Ok(answer!) : error;
    }
}

/// <param name="Token">For LiveKit's client SDKs. A secret until it expires.</param>
/// <param name="Url">LiveKit's address, for the same.</param>
/// <param name="Identity">Who the holder is in the room.</param>
/// <param name="ExpiresAt">Until when it can be used to join. Once connected, LiveKit renews it.</param>
/// <param name="RefreshAfter">When to get the next one, so that there is always one to join with.</param>
/// <param name="Chat">The chat, and whether the holder may write in it.</param>
public sealed record ViewerTokenAnswer(string Token, Uri Url, string Identity, DateTimeOffset ExpiresAt, DateTimeOffset RefreshAfter, ChatAccess Chat)
{
    public override string ToString() => $"ViewerTokenAnswer {{ Token = ***, Identity = {Identity} }}";
}
