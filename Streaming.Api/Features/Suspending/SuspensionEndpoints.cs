using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;
using Streaming.Api.Auth;
using Streaming.Api.Http;
using Streaming.Core.Creators;
using Streaming.Core.Streams;

namespace Streaming.Api.Features.Suspending;

/// <summary>The administrators' switch for a creator who must not broadcast.</summary>
public static class SuspensionEndpoints
{
    private static readonly DateTimeOffset Example = new(2025, 11, 23, 10, 15, 0, TimeSpan.Zero);

    public static void MapSuspensions(this IEndpointRouteBuilder routes)
    {
        var streams = routes.MapGroup("/api/admin/streams/{userId}").RequireAuthorization(AdministratorsOnly.Policy).WithTags("Administration");
        streams.MapPost("/suspend", Suspend)
            .WithSummary("Suspend a creator")
            .WithDescription("His broadcast is over with this answer, his keys are disabled, his room is closed, and no token is given for it until the suspension is lifted or over. "
                + "Suspending again replaces reason and end.")
            .Takes(new SuspendCreator("Rebroadcasts a film.", Example.AddDays(7)))
            .Gives(new SuspensionAnswer("dev-creator", true, "Rebroadcasts a film.", Example, Example.AddDays(7), true))
            .Fails(Errors.Forbidden, Errors.UserNotFound, Errors.ValidationFailed);
        streams.MapPost("/unsuspend", Lift)
            .WithSummary("Lift a creator's suspension")
            .WithDescription("His stream keys work again, and they are the same. Lifting what is not there changes nothing.")
            .Gives(new SuspensionAnswer("dev-creator", false, null, null, null, true))
            .Fails(Errors.Forbidden, Errors.UserNotFound, Errors.ValidationFailed);
    }

    private static async Task<Results<Ok<SuspensionAnswer>, ApiError>> Suspend(
        [MaxLength(User.IdMax)] string userId, SuspendCreator request, SuspensionChanges changes, CurrentUser admin, TimeProvider time)
    {
        if (request.Until <= time.GetUtcNow()) return Errors.Invalid("until", "must be in the future.");
        var (suspension, enforced) = await changes.Suspend(userId, request.Reason.Trim(), request.Until, admin.Id);
        if (suspension is null) return Errors.UserNotFound;
        return TypedResults.Ok(new SuspensionAnswer(userId, true, suspension.Reason, suspension.SuspendedAt, request.Until, enforced));
    }

    private static async Task<Results<Ok<SuspensionAnswer>, ApiError>> Lift([MaxLength(User.IdMax)] string userId, SuspensionChanges changes, CurrentUser admin) =>
        await changes.Lift(userId, admin.Id) is { } enforced ? TypedResults.Ok(new SuspensionAnswer(userId, false, null, null, null, enforced)) : Errors.UserNotFound;
}

/// <param name="Reason">Why, 1 to 500 characters; for administrators.</param>
/// <param name="Until">When it is over by itself; absent: when it is lifted.</param>
public sealed record SuspendCreator([property: Text(1, Suspension.ReasonMax)] string Reason, DateTimeOffset? Until = null);

/// <param name="UserId">The creator.</param>
/// <param name="IsSuspended">Whether he is suspended now.</param>
/// <param name="Reason">Why.</param>
/// <param name="SuspendedAt">Since when.</param>
/// <param name="Until">When it is over by itself; absent: when it is lifted.</param>
/// <param name="Enforced">Whether the streaming server has done its part already. False: it could not be reached, and is made to as soon as it can.</param>
public sealed record SuspensionAnswer(
    string UserId, bool IsSuspended,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Reason,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateTimeOffset? SuspendedAt,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateTimeOffset? Until,
    bool Enforced);
