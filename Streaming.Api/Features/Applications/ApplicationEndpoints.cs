using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Streaming.Api.Auth;
using Streaming.Api.Http;
using Streaming.Core.Creators;
using Streaming.Core.Data;

namespace Streaming.Api.Features.Applications;

/// <summary>What a user does to become a creator.</summary>
public static class ApplicationEndpoints
{
    public static void MapApplication(this IEndpointRouteBuilder routes)
    {
        var application = routes.MapGroup("/api/creator/application").WithTags("Becoming a creator");
        application.MapPost("/", Apply)
            .WithSummary("Apply to become a creator")
            .WithDescription("One application at a time. After a rejection or a revocation there is a time to wait, for who has had himself forgotten too; `details.reapplyAt` says when it is over.")
            .Idempotent()
            .Takes(new Apply("I build small boats and would like to show how.", ["https://example.com/boats"]))
            .Gives(OwnApplication.Example)
            .Fails(Errors.ApplicationOpen, Errors.ReapplyTooSoon);
        application.MapGet("/", Get)
            .WithSummary("Read where one's application stands")
            .WithDescription("The last one. `reason` is what the administrator wrote to a rejection or revocation.")
            .Gives(OwnApplication.Example)
            .Fails(Errors.ApplicationNotFound);
        application.MapDelete("/", Withdraw)
            .WithSummary("Withdraw one's application")
            .WithDescription("While nobody has decided. It can be made anew at any time.")
            .Gives(OwnApplication.Example with { Status = ApplicationStatus.Withdrawn, DecidedAt = OwnApplication.Example.AppliedAt.AddHours(1) })
            .Fails(Errors.ApplicationNotFound, Errors.ApplicationDecided);
    }

    private static async Task<Results<Created<OwnApplication>, ApiError>> Apply(
        Apply request, StreamingDb db, CurrentUser user, IOptions<ApplicationOptions> options, TimeProvider time, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        if (await db.LastRefusalOf(user.Id, ct) + options.Value.CoolDown is { } reapplyAt && now < reapplyAt)
            return Errors.ReapplyTooSoon with { Details = new { ReapplyAt = reapplyAt }, RetryAfter = reapplyAt - now };

        var about = await db.Normalized(request.About.Trim(), ct);
        if (about.EnumerateRunes().Count() > CreatorApplication.AboutMax) // some characters are several once they are composed
            return Errors.Invalid("about", $"must have at most {CreatorApplication.AboutMax} characters in Unicode normal form C.");
        var application = new CreatorApplication(user.Id, now, about, [.. request.Links ?? []]);
        return await db.TryAdd(application, ct)
            ? TypedResults.Created("/api/creator/application", OwnApplication.Of(application, reapplyAt: null))
            : Errors.ApplicationOpen;
    }

    private static async Task<Results<Ok<OwnApplication>, ApiError>> Get(StreamingDb db, CurrentUser user, IOptions<ApplicationOptions> options, TimeProvider time, CancellationToken ct)
    {
        if (await db.CreatorApplications.AsNoTracking().LastOf(user.Id, ct) is not { } application) return Errors.ApplicationNotFound;
        var reapplyAt = await db.LastRefusalOf(user.Id, ct) + options.Value.CoolDown;
        return TypedResults.Ok(OwnApplication.Of(application, reapplyAt > time.GetUtcNow() ? reapplyAt : null));
    }

    private static async Task<Results<Ok<OwnApplication>, ApiError>> Withdraw(StreamingDb db, CurrentUser user, TimeProvider time, CancellationToken ct)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        if (await db.CreatorApplications.AsNoTracking().LastOf(user.Id, ct) is not { Id: var id }) return Errors.ApplicationNotFound;
        var application = (await db.LockApplication(id, ct))!;
        if (!application.Withdraw(time.GetUtcNow())) return Errors.ApplicationDecided.As(application.Status);
        await db.SaveChangesAsync(ct);
        await transaction.CommitAsync(ct);
        return TypedResults.Ok(OwnApplication.Of(application, reapplyAt: null));
    }

    internal static ApiError As(this ApiError error, ApplicationStatus status) => error with { Details = new { Status = status } };
}

/// <param name="About">What you want to broadcast: 1 to 1000 characters after trimming, on one line.</param>
/// <param name="Links">Up to three https URLs of earlier work.</param>
public sealed record Apply([property: Text(1, CreatorApplication.AboutMax)] string About, [property: Links(CreatorApplication.LinksMax)] IReadOnlyList<string>? Links = null);

/// <param name="Id">Of this application; the next one has another.</param>
/// <param name="Status">`pending`, `approved`, `rejected`, `withdrawn` or `revoked`.</param>
/// <param name="About">What you wrote.</param>
/// <param name="Links">What you pointed to.</param>
/// <param name="AppliedAt">When you applied.</param>
/// <param name="DecidedAt">When it came to this status; absent while it is pending.</param>
/// <param name="Reason">Why it was rejected or revoked.</param>
/// <param name="ReapplyAt">When you may apply again; absent when you may now.</param>
public sealed record OwnApplication(
    Guid Id, ApplicationStatus Status, string About, IReadOnlyList<string> Links, DateTimeOffset AppliedAt,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateTimeOffset? DecidedAt,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Reason,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateTimeOffset? ReapplyAt)
{
    internal static OwnApplication Example { get; } = new(
        Guid.Parse("019abf58-d2f0-7a31-8e64-5d1c0b7e2f44"), ApplicationStatus.Pending, "I build small boats and would like to show how.", ["https://example.com/boats"],
        new(2025, 11, 23, 10, 0, 0, TimeSpan.Zero), null, null, null);

    internal static OwnApplication Of(CreatorApplication a, DateTimeOffset? reapplyAt) => new(a.Id, a.Status, a.About, a.Links, a.AppliedAt, a.DecidedAt, a.Reason, reapplyAt);
}
