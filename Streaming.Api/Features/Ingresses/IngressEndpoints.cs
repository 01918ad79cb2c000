using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Streaming.Api.Auth;
using Streaming.Api.Http;
using Streaming.Core.LiveKit;
using Streaming.Core.Streams;

namespace Streaming.Api.Features.Ingresses;

public static class IngressEndpoints
{
    private static readonly KeyInfo Example = new(
        "IN_7bJd3kQx2fGm", "Studio", IsPrimary: true, IngressType.RTMP, "x7Qz", KeyQuality.Auto, KeyQuality.Auto.Layers(IngressType.RTMP), Enabled: true, [], IsApplied: true,
        new(2025, 11, 23, 9, 30, 0, TimeSpan.Zero), new(2025, 11, 23, 10, 0, 0, TimeSpan.Zero), 3, null, null);

    private static readonly KeyCreated NewExample = new(
        "IN_9cKf4mRz3hHn", "rtmp://ingress.example.com/live", "(the stream key)", "dev-creator", "Backup", IsPrimary: false, IngressType.RTMP, KeyQuality.Up720,
        KeyQuality.Up720.Layers(IngressType.RTMP), Enabled: true, null);

    private static readonly ApiError[] LiveKitFails = [Errors.LiveKitRefused, Errors.LiveKitBadAnswer, Errors.LiveKitUnavailable, Errors.LiveKitTimeout];

    public static void MapIngress(this IEndpointRouteBuilder routes)
    {
        var keys = routes.MapGroup("/api/stream/ingress").RequireAuthorization(ApprovedCreator.Policy).WithTags("Ingress");
        MapChanges(keys.MapGroup("").RequireRateLimiting(Limits.IngressChanges));
        keys.MapGet("/", List)
            .WithSummary("List the stream keys")
            .WithDescription("Without the keys themselves. All of them publish into the one channel: an encoder that comes while another is live takes over, with whichever key, and the session goes on.")
            .Gives(new KeyPage([Example])).Fails();
        keys.MapPut("/{id}/state", SetState)
            .WithSummary("Switch a stream key off or on")
            .WithDescription("Switched off, the key stays and no encoder is let in with it; a broadcast that runs on it ends with the reason `disabled`. Switched on, the same key works "
                + "again, unless something else holds it. What is wanted counts at once; `isApplied` says whether LiveKit has confirmed it.")
            .Takes(new SetKeyState(Enabled: false))
            .Gives(new KeyState("IN_7bJd3kQx2fGm", Enabled: false, [HoldReason.Disabled], IsApplied: true))
            .Fails(Errors.IngressNotFound);
        keys.MapPut("/{id}/quality", SetQuality)
            .WithSummary("Choose what viewers can choose from")
            .WithDescription("LiveKit cuts off whoever publishes when it is told, so while live that takes ?applyAt=nextStream: then it is told when the session is over.")
            .Takes(new SetKeyQuality(KeyQuality.Up720)).Gives(Example with { Quality = KeyQuality.Up720 })
            .Fails(Errors.IngressNotFound, Errors.QualityImpossible, Errors.QualityWhileLive, Errors.Conflict);
        keys.MapPost("/{id}/reveal", Reveal)
            .WithSummary("See a stream key again")
            .WithDescription("Only within five minutes of signing in, and five times an hour. It is written into the key's ledger.")
            .Gives(new IngressCreated("IN_7bJd3kQx2fGm", "rtmp://ingress.example.com/live", "(the stream key)", "dev-creator"))
            .Fails([Errors.ReauthenticationRequired, Errors.IngressNotFound, Errors.ValidationFailed, .. LiveKitFails]);
        keys.MapGet("/{id}/uses", ReadUses)
            .WithSummary("Read what happened to a stream key")
            .WithDescription("Newest first: when it was issued, shown, rotated, switched off or on and deleted, and every encoder that used it or was refused. The entries are chained by "
                + "their hashes, so that none can be changed or taken out unseen.")
            .Gives(new KeyUsePage([new(7, Example.CreatedAt, Example.CreatedAt, KeyEvent.Accepted, "RT_5dQe7mLw9kTa", null, null)], null))
            .Fails(Errors.IngressNotFound, Errors.InvalidCursor, Errors.ValidationFailed);
    }

    private static void MapChanges(RouteGroupBuilder keys)
    {
        keys.MapPost("/", Create)
            .WithSummary("Get a stream key")
            .WithDescription("Makes the channel's primary ingress and shows its stream key, this once. One that is there already is reset: its key stops working. "
                + "While live that takes ?replace=true, since it cuts the broadcast off.")
            .Idempotent(ShowAgain)
            .Takes(new CreateIngress(IngressType.WHIP))
            .Gives(new IngressCreated("IN_7bJd3kQx2fGm", "rtmp://ingress.example.com/live", "(the stream key)", "dev-creator"))
            .Fails([Errors.StreamLive, Errors.IngressChanging, Errors.Suspended, Errors.KeyLimit, Errors.QualityImpossible, .. LiveKitFails]);
        keys.MapPost("/keys", Add)
            .WithSummary("Get one more stream key")
            .WithDescription("Makes a named key beside the primary one, for another encoder or another person, and shows it. A channel has at most five.")
            .Idempotent(ShowKeyAgain)
            .Takes(new AddKey("Backup", IngressType.RTMP, KeyQuality.Up720)).Gives(NewExample)
            .Fails([Errors.IngressChanging, Errors.Suspended, Errors.KeyLimit, Errors.QualityImpossible, .. LiveKitFails]);
        keys.MapPost("/{id}/rotate", Rotate)
            .WithSummary("Replace a stream key")
            .WithDescription("The new key takes the old one's name and rank. `now`: the old one stops working, and a broadcast that runs on it ends with the reason `rotated`. `afterStream`: it works "
                + "until the session that runs on it is over. `overlap`: both work for `overlapMinutes`. Then the old one is deleted.")
            .Idempotent(ShowKeyAgain)
            .Takes(new RotateKey(RotationMode.Overlap, 60)).Gives(NewExample with { Replaced = new("IN_7bJd3kQx2fGm", new(2025, 11, 23, 10, 30, 0, TimeSpan.Zero)) })
            .Fails([Errors.IngressNotFound, Errors.IngressChanging, Errors.Suspended, Errors.KeyReplaced, .. LiveKitFails]);
        keys.MapDelete("/", Delete)
            .WithSummary("Delete the primary stream key")
            .WithDescription("The key stops working at once; a running broadcast is cut off and its session ended. The channel and its settings stay.")
            .Gives(new IngressDeleted(Deleted))
            .Fails([Errors.IngressNotFound, Errors.IngressChanging, .. LiveKitFails]);
        keys.MapDelete("/{id}", DeleteOne).WithName("deleteStreamIngressOf")
            .WithSummary("Delete a stream key")
            .WithDescription("Of whatever rank. The key stops working at once, and a broadcast that runs on it ends.")
            .Gives(new IngressDeleted(Deleted))
            .Fails([Errors.IngressNotFound, Errors.ValidationFailed, Errors.IngressChanging, .. LiveKitFails]);
    }

    private const string Deleted = "Stream ingress deleted successfully";

    private static async Task<Results<Created<IngressCreated>, ApiError>> Create(
        HttpContext http, IngressChanges changes, CurrentUser user, Arrival arrival, IdempotentRequest idempotent, CreateIngress? request = null, bool replace = false)
    {
        var key = new NewKey(request?.IngressType ?? IngressType.RTMP, request?.Label?.Trim(), IsPrimary: true, request?.Quality ?? KeyQuality.Auto);
        if (!key.Quality.IsPossible(key.Type)) return Errors.QualityImpossible;
        var (created, error) = await changes.ResetPrimary(user.Id, key, replace, arrival.At, idempotent, http.RequestAborted);
        return error is not null ? error : TypedResults.Created("/api/stream/info", Shown(http, user, created!));
    }

    private static async Task<Results<Created<KeyCreated>, ApiError>> Add(
        HttpContext http, AddKey request, IngressChanges changes, KeyList list, CurrentUser user, IdempotentRequest idempotent)
    {
        var key = new NewKey(request.IngressType, request.Label.Trim(), IsPrimary: false, request.Quality);
        if (!key.Quality.IsPossible(key.Type)) return Errors.QualityImpossible;
        var (created, error) = await changes.Add(user.Id, key, idempotent, http.RequestAborted);
        return error is not null ? error : await Shown(http, user, list, created!);
    }

    private static async Task<Results<Created<KeyCreated>, ApiError>> Rotate(
        [MaxLength(128)] string id, HttpContext http, RotateKey request, IngressChanges changes, KeyList list, CurrentUser user, IdempotentRequest idempotent)
    {
        if (request.Mode == RotationMode.Overlap && request.OverlapMinutes is null) return Errors.Invalid("overlapMinutes", "must say for how long both keys work, 1 to 1440.");
        if (request.Mode != RotationMode.Overlap && request.OverlapMinutes is not null) return Errors.Invalid("overlapMinutes", "is for the mode overlap.");
        var overlap = request.OverlapMinutes is { } minutes ? TimeSpan.FromMinutes(minutes) : (TimeSpan?)null;
        var (created, error) = await changes.Rotate(user.Id, id, overlap, request.Mode == RotationMode.AfterStream, idempotent, http.RequestAborted);
        return error is not null ? error : await Shown(http, user, list, created!);
    }

    private static async Task<Results<Ok<IngressCreated>, ApiError>> Reveal([MaxLength(128)] string id, HttpContext http, KeyReveals reveals, CurrentUser user)
    {
        var (created, error) = await reveals.Reveal(user, id, http.RequestAborted);
        return error is not null ? error : TypedResults.Ok(Shown(http, user, created!));
    }

    private static async Task<Ok<KeyPage>> List(KeyList list, CurrentUser user, CancellationToken ct) => TypedResults.Ok(new KeyPage(await list.Read(user.Id, ingressId: null, ct)));

    private static async Task<Results<Ok<KeyState>, ApiError>> SetState([MaxLength(128)] string id, SetKeyState change, KeyStates states, CurrentUser user, CancellationToken ct)
    {
        var (state, error) = await states.Set(user.Id, id, change.Enabled, ct);
        return error is not null ? error : TypedResults.Ok(state!);
    }

    private static async Task<Results<Ok<KeyInfo>, ApiError>> SetQuality(
        [MaxLength(128)] string id, SetKeyQuality change, KeyQualityChanges changes, CurrentUser user, CancellationToken ct, [AllowedValues("now", "nextStream")] string applyAt = "now")
    {
        var (key, error) = await changes.Set(user.Id, id, change.Quality, atNextStream: applyAt == "nextStream", ct);
        return error is not null ? error : key is not null ? TypedResults.Ok(key) : Errors.IngressNotFound;
    }

    private static async Task<Results<Ok<KeyUsePage>, ApiError>> ReadUses(
        [MaxLength(128)] string id, KeyUses uses, CurrentUser user, CancellationToken ct, [MaxLength(Cursors.MaxLength)] string? cursor = null, [Range(1, Paging.Most)] int limit = Paging.Usual)
    {
        var (page, error) = await uses.Read(user.Id, id, cursor, limit, ct);
        return error is not null ? error : TypedResults.Ok(page!);
    }

    private static Task<Results<Ok<IngressDeleted>, ApiError>> Delete(IngressChanges changes, CurrentUser user, CancellationToken ct) => DeleteKey(changes, user, null, ct);

    private static Task<Results<Ok<IngressDeleted>, ApiError>> DeleteOne([MaxLength(128)] string id, IngressChanges changes, CurrentUser user, CancellationToken ct) => DeleteKey(changes, user, id, ct);

    private static async Task<Results<Ok<IngressDeleted>, ApiError>> DeleteKey(IngressChanges changes, CurrentUser user, string? id, CancellationToken ct) =>
        await changes.Delete(user.Id, id, ct) is { } error ? error : TypedResults.Ok(new IngressDeleted(Deleted));

    private static async Task<IResult> ShowAgain(HttpContext http, string ingressId)
    {
        var user = CurrentUser.Of(http.User)!;
        var (created, error) = await http.RequestServices.GetRequiredService<IngressChanges>().ShowAgain(user.Id, ingressId, http.RequestAborted);
        return error is not null ? error : TypedResults.Created("/api/stream/info", Shown(http, user, created!));
    }

    private static async Task<IResult> ShowKeyAgain(HttpContext http, string ingressId)
    {
        var user = CurrentUser.Of(http.User)!;
        var (created, error) = await http.RequestServices.GetRequiredService<IngressChanges>().ShowAgain(user.Id, ingressId, http.RequestAborted);
        return error is not null ? error : await Shown(http, user, http.RequestServices.GetRequiredService<KeyList>(), created!);
    }

    private static async Task<Created<KeyCreated>> Shown(HttpContext http, CurrentUser user, KeyList list, CreatedIngress created)
    {
        http.Response.Headers.CacheControl = "no-store"; // it holds the key
        return TypedResults.Created($"/api/stream/ingress/{created.Id}/uses", await list.Show(user.Id, created, CancellationToken.None));
    }

    private static IngressCreated Shown(HttpContext http, CurrentUser user, CreatedIngress created)
    {
        http.Response.Headers.CacheControl = "no-store"; // it holds the key
        return new IngressCreated(created.Id, created.ServerUrl, created.Key.Reveal(), user.Id);
    }
}

/// <param name="IngressType">How the encoder connects: RTMP (OBS and most hardware encoders; the default) or WHIP (lower latency).</param>
/// <param name="Label">What the creator calls it, 1 to 40 characters.</param>
/// <param name="Quality">What viewers can choose from: `auto` (RTMP: three layers up to 720p; WHIP: the encoder's own), `1080p`, `720p`, `540p`, or `passthrough`, which WHIP alone can.</param>
public sealed record CreateIngress(IngressType IngressType = IngressType.RTMP, [property: Text(1, Ingress.LabelMax)] string? Label = null, KeyQuality Quality = KeyQuality.Auto);

/// <param name="Label">What the creator calls it, 1 to 40 characters.</param>
/// <param name="IngressType">How the encoder connects: RTMP (the default) or WHIP.</param>
/// <param name="Quality">What viewers can choose from: `auto`, `1080p`, `720p`, `540p`, or `passthrough`, which WHIP alone can.</param>
public sealed record AddKey([property: Text(1, Ingress.LabelMax)] string Label, IngressType IngressType = IngressType.RTMP, KeyQuality Quality = KeyQuality.Auto);

/// <param name="Mode">What becomes of the old key.</param>
/// <param name="OverlapMinutes">For the mode `overlap`: how long both keys work.</param>
public sealed record RotateKey(RotationMode Mode, [property: Range(1, 1440)] int? OverlapMinutes = null);

public enum RotationMode
{
    /// <summary>It stops working.</summary>
    Now,

    /// <summary>It works until the session that runs on it is over; if none does, it stops working.</summary>
    AfterStream,

    /// <summary>It works for some minutes more.</summary>
    Overlap,
}

/// <param name="Quality">What viewers can choose from.</param>
public sealed record SetKeyQuality(KeyQuality Quality);


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
