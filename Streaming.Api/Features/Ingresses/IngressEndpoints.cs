using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Streaming.Api.Auth;
using Streaming.Api.Http;
using Streaming.Core.LiveKit;
using Streaming.Core.Streams;

namespace Streaming.Api.Features.Ingresses;

public static class IngressEndpoints
{
    public static void MapIngress(this IEndpointRouteBuilder routes)
    {
        var ingress = routes.MapGroup("/api/stream/ingress").RequireAuthorization(ApprovedCreator.Policy).RequireRateLimiting(Limits.IngressChanges).WithTags("Ingress");
        ingress.MapPost("/", Create)
            .WithSummary("Get a stream key")
            .WithDescription("Makes the channel's ingress and shows its stream key, this once. An ingress that is there already is reset: its key stops working. "
                + "While live that takes ?replace=true, since it cuts the broadcast off.")
            .Idempotent(ShowAgain)
            .Takes(new CreateIngress(IngressType.WHIP))
            .Gives(new IngressCreated("IN_7bJd3kQx2fGm", "rtmp://ingress.example.com/live", "(the stream key)", "dev-creator"))
            .Fails(Errors.StreamLive, Errors.IngressChanging, Errors.Suspended, Errors.LiveKitRefused, Errors.LiveKitBadAnswer, Errors.LiveKitUnavailable, Errors.LiveKitTimeout);
        ingress.MapDelete("/", Delete)
            .WithSummary("Delete the stream key")
            .WithDescription("The key stops working at once; a running broadcast is cut off and its session ended. The channel and its settings stay.")
            .Gives(new IngressDeleted("Stream ingress deleted successfully"))
            .Fails(Errors.IngressNotFound, Errors.IngressChanging, Errors.LiveKitRefused, Errors.LiveKitBadAnswer, Errors.LiveKitUnavailable, Errors.LiveKitTimeout);
        ingress.MapPut("/{id}/state", SetState)
            .WithSummary("Switch a stream key off or on")
            .WithDescription("Switched off, the key stays and no encoder is let in with it; a broadcast that runs on it ends with the reason `disabled`. Switched on, the same key works "
                + "again, unless something else holds it. What is wanted counts at once; `isApplied` says whether LiveKit has confirmed it.")
            .Takes(new SetKeyState(Enabled: false))
            .Gives(new KeyState("IN_7bJd3kQx2fGm", Enabled: false, [HoldReason.Disabled], IsApplied: true))
            .Fails(Errors.IngressNotFound);
    }

    private static async Task<Results<Ok<KeyState>, ApiError>> SetState([MaxLength(128)] string id, SetKeyState change, KeyStates states, CurrentUser user, CancellationToken ct)
    {
        var (state, error) = await states.Set(user.Id, id, change.Enabled, ct);
        return error is not null ? error : TypedResults.Ok(state!);
    }

    private static async Task<Results<Created<IngressCreated>, ApiError>> Create(
        HttpContext http, IngressChanges changes, CurrentUser user, Arrival arrival, IdempotentRequest idempotent, CreateIngress? request = null, bool replace = false)
    {
        var (created, error) = await changes.Create(user.Id, request?.IngressType ?? IngressType.RTMP, replace, arrival.At, idempotent, http.RequestAborted);
        return error is not null ? error : Shown(http, user, created!);
    }

    private static async Task<IResult> ShowAgain(HttpContext http, string ingressId)
    {
        var user = CurrentUser.Of(http.User)!;
        var (created, error) = await http.RequestServices.GetRequiredService<IngressChanges>().ShowAgain(user.Id, ingressId, http.RequestAborted);
        return error is not null ? error : Shown(http, user, created!);
    }

    private static Created<IngressCreated> Shown(HttpContext http, CurrentUser user, CreatedIngress created)
    {
        http.Response.Headers.CacheControl = "no-store"; // it holds the key
        return TypedResults.Created("/api/stream/info", new IngressCreated(created.Id, created.ServerUrl, created.Key.Reveal(), user.Id));
    }

    private static async Task<Results<Ok<IngressDeleted>, ApiError>> Delete(IngressChanges changes, CurrentUser user, CancellationToken ct) =>
        await changes.Delete(user.Id, ct) is { } error ? error : TypedResults.Ok(new IngressDeleted("Stream ingress deleted successfully"));
}

/// <param name="IngressType">How the encoder connects: RTMP (OBS and most hardware encoders; the default) or WHIP (lower latency).</param>
public sealed record CreateIngress(IngressType IngressType = IngressType.RTMP);

/// <param name="Enabled">Whether encoders are let in with the key.</param>
public sealed record SetKeyState(bool Enabled);

/// <param name="IngressId">LiveKit's id of the ingress.</param>
/// <param name="ServerUrl">What to enter as the server in OBS, or the WHIP endpoint.</param>
/// <param name="StreamKey">The secret to enter as the stream key, or as the WHIP bearer token. It is not stored here and not shown again.</param>
/// <param name="UserId">The creator.</param>
public sealed record IngressCreated(string IngressId, string ServerUrl, string StreamKey, string UserId)
{
    public override string ToString() => $"IngressCreated {{ IngressId = {IngressId}, StreamKey = *** }}";
}

/// <param name="Message">A sentence for people.</param>
public sealed record IngressDeleted(string Message);
