using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;
using Streaming.Api.Auth;
using Streaming.Api.Http;
using Streaming.Core.Privacy;

namespace Streaming.Api.Features.Account;

/// <summary>What anybody signed in may ask about himself: everything we hold, and to be forgotten.</summary>
public static class AccountEndpoints
{
    private static readonly DateTimeOffset Example = new(2025, 11, 23, 10, 0, 0, TimeSpan.Zero);

    public static void MapAccount(this IEndpointRouteBuilder routes)
    {
        var me = routes.MapGroup("/api/me").RequireAuthorization().WithTags("Account");
        me.MapGet("/export", Export)
            .WithSummary("Get all that is held about you")
            .WithDescription("Every row of the database that is yours or tells of you, by what it is. Secrets are left out: a stream key is not stored at all.")
            .Gives(new PersonalDataExport("dev-creator", Example, new Dictionary<string, JsonArray> { ["channels"] = [new JsonObject { ["id"] = "019abf58-d2f0-7a31-8e64-5d1c0b7e2f44", ["title"] = "Morning run" }] }));
        me.MapDelete("/", Delete)
            .WithSummary("Be forgotten")
            .WithDescription("Ends a running broadcast, deletes the stream keys in LiveKit, and erases or makes nobody's whatever tells of you; counts and times of past broadcasts stay, without a name. "
                + "Approval and administration end with this call. 200: it is done. 202: LiveKit cannot be reached, or something of his is being changed at this moment, and it is done as soon as it can; asking again tells. "
                + "The account at the auth server is not ours: a later call with a session token begins anew, with nothing. The last administrator must make another one first.")
            .Gives(new ErasureAnswer(ErasureState.erased, Example, Example.AddSeconds(1)))
            .Fails(Errors.LastAdministrator);
    }

    private static async Task<Ok<PersonalDataExport>> Export(HttpContext http, PersonalExport export, CurrentUser user, TimeProvider time, CancellationToken ct)
    {
        http.Response.Headers.ContentDisposition = "attachment; filename=\"export.json\"";
        return TypedResults.Ok(new PersonalDataExport(user.Id, time.GetUtcNow(), await export.Of(user.Id, ct)));
    }

    private static async Task<Results<Ok<ErasureAnswer>, Accepted<ErasureAnswer>, ApiError>> Delete(Erasures erasures, FirstSight sight, CurrentUser user, CancellationToken ct)
    {
        if (await erasures.Request(user.Id, ct) is not { } requestedAt) return Errors.LastAdministrator;
        var erasedAt = await erasures.TryFulfil(user.Id, CancellationToken.None); // the caller's going away stops nothing
        sight.Forget(user.Id);
        return erasedAt is not null
            ? TypedResults.Ok(new ErasureAnswer(ErasureState.erased, requestedAt, erasedAt))
            : TypedResults.Accepted((string?)null, new ErasureAnswer(ErasureState.erasing, requestedAt, null));
    }
}

/// <param name="UserId">Whose it is.</param>
/// <param name="ExportedAt">When it was read.</param>
/// <param name="Data">By what it is, the rows: `channels`, `sessions`, `presences` and so on. New kinds may be added.</param>
public sealed record PersonalDataExport(string UserId, DateTimeOffset ExportedAt, IReadOnlyDictionary<string, JsonArray> Data);

/// <param name="State">`erased`, or `erasing` as long as something stands in its way, such as a LiveKit that cannot be reached.</param>
/// <param name="RequestedAt">When it was asked for.</param>
/// <param name="ErasedAt">When it was done; absent before.</param>
public sealed record ErasureAnswer(
    ErasureState State, DateTimeOffset RequestedAt, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateTimeOffset? ErasedAt);

/// <summary>How far an erasure is.</summary>
public enum ErasureState
{
    erased,
    erasing,
}
