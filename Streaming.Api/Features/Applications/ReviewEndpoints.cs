using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Streaming.Api.Auth;
using Streaming.Api.Http;
using Streaming.Core.Administration;
using Streaming.Core.Creators;
using Streaming.Core.Data;

namespace Streaming.Api.Features.Applications;

/// <summary>What administrators do with applications.</summary>
public static class ReviewEndpoints
{
    private const string ListName = "applications";

    public static void MapReview(this IEndpointRouteBuilder routes)
    {
        var review = routes.MapGroup("/api/admin/applications").RequireAuthorization(AdministratorsOnly.Policy).WithTags("Administration");
        review.MapGet("/", List)
            .WithSummary("List creator applications")
            .WithDescription("The oldest first. With `status`, those that stand there.")
            .Gives(new ApplicationPage([ReviewedApplication.Example], "xr3Tn0mQb1y2uVwE5kGf9A"))
            .Fails(Errors.Forbidden, Errors.InvalidCursor, Errors.ValidationFailed);
        review.MapPost("/{id:guid}/approve", (Guid id, Decisions decisions, CurrentUser admin, CancellationToken ct) => decisions.Approve(id, admin.Id, ct))
            .WithSummary("Approve an application")
            .WithDescription("The applicant is a creator from his next call on. Keys that a revocation held work again.")
            .Gives(ReviewedApplication.Example with { Status = ApplicationStatus.Approved, DecidedAt = ReviewedApplication.Example.AppliedAt.AddHours(1) })
            .Fails(Errors.Forbidden, Errors.ApplicationNotFound, Errors.ApplicationDecided);
        review.MapPost("/{id:guid}/reject", (Guid id, Because because, Decisions decisions, CurrentUser admin, CancellationToken ct) => decisions.Reject(id, admin.Id, because.Reason, ct))
            .WithSummary("Reject an application")
            .WithDescription("The applicant reads the reason, and may apply again after the cool-down.")
            .Takes(new Because("No link to earlier work."))
            .Gives(ReviewedApplication.Example with { Status = ApplicationStatus.Rejected, DecidedAt = ReviewedApplication.Example.AppliedAt.AddHours(1), Reason = "No link to earlier work." })
            .Fails(Errors.Forbidden, Errors.ApplicationNotFound, Errors.ApplicationDecided);
        review.MapPost("/{id:guid}/revoke", (Guid id, Because because, Decisions decisions, CurrentUser admin, CancellationToken ct) => decisions.Revoke(id, admin.Id, because.Reason, ct))
            .WithSummary("Take an approval back")
            .WithDescription("The user is no creator from his next call on; his keys stop working and a running broadcast ends with the reason `revoked`. He reads the reason, and may apply again after the cool-down.")
            .Takes(new Because("Broadcast what is not his."))
            .Gives(ReviewedApplication.Example with { Status = ApplicationStatus.Revoked, DecidedAt = ReviewedApplication.Example.AppliedAt.AddDays(9), Reason = "Broadcast what is not his." })
            .Fails(Errors.Forbidden, Errors.ApplicationNotFound, Errors.ApplicationNotApproved);
    }

    private static async Task<Results<Ok<ApplicationPage>, ApiError>> List(
        StreamingDb db, Cursors cursors, CancellationToken ct,
        ApplicationsThatAre? status = null, [MaxLength(Cursors.MaxLength)] string? cursor = null, [Range(1, Paging.Most)] int limit = Paging.Usual)
    {
        var position = cursor is null ? $"{Guid.Empty}" : cursors.Open(ListName, cursor);
        if (position is null) return Errors.InvalidCursor;
        var (after, standing) = (Guid.Parse(position), (ApplicationStatus?)status);
        var page = await db.CreatorApplications.AsNoTracking()
            .Where(a => a.Id.CompareTo(after) > 0 && (standing == null || a.Status == standing))
            .OrderBy(a => a.Id).Take(limit + 1).ToListAsync(ct);
        return TypedResults.Ok(new ApplicationPage([.. page.Take(limit).Select(ReviewedApplication.Of)], page.Count > limit ? cursors.Seal(ListName, $"{page[limit - 1].Id}") : null));
    }
}

/// <summary>Which applications to list.</summary>
public enum ApplicationsThatAre
{
    pending = ApplicationStatus.Pending,
    approved = ApplicationStatus.Approved,
    rejected = ApplicationStatus.Rejected,
    withdrawn = ApplicationStatus.Withdrawn,
    revoked = ApplicationStatus.Revoked,
}

/// <param name="Reason">Why, in 1 to 500 characters on one line: the user reads it, and it stays in the audit log.</param>
public sealed record Because([property: Text(1, AdminAuditEntry.ReasonMax)] string Reason);

/// <param name="NextCursor">For the next page; absent on the last.</param>
public sealed record ApplicationPage(IReadOnlyList<ReviewedApplication> Items, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? NextCursor);

/// <param name="Id">Of this application; when the user applies again, that one has another.</param>
/// <param name="UserId">Who applied.</param>
/// <param name="Status">`pending`, `approved`, `rejected`, `withdrawn` or `revoked`.</param>
/// <param name="About">What he wants to broadcast.</param>
/// <param name="Links">https URLs that he gave. Nobody here has looked where they lead.</param>
/// <param name="AppliedAt">When he applied.</param>
/// <param name="DecidedAt">When it came to this status; absent while it is pending.</param>
/// <param name="Reason">Why it was rejected or revoked.</param>
public sealed record ReviewedApplication(
    Guid Id, string UserId, ApplicationStatus Status, string About, IReadOnlyList<string> Links, DateTimeOffset AppliedAt,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateTimeOffset? DecidedAt,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Reason)
{
    internal static ReviewedApplication Example { get; } = new(
        OwnApplication.Example.Id, "2Zk9gYp0TbqRmVf1x", ApplicationStatus.Pending, OwnApplication.Example.About, OwnApplication.Example.Links, OwnApplication.Example.AppliedAt, null, null);

    internal static ReviewedApplication Of(CreatorApplication a) => new(a.Id, a.UserId, a.Status, a.About, a.Links, a.AppliedAt, a.DecidedAt, a.Reason);
}
