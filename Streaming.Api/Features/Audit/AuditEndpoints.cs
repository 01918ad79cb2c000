using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Streaming.Api.Auth;
using Streaming.Api.Http;
using Streaming.Core.Administration;
using Streaming.Core.Creators;
using Streaming.Core.Data;

namespace Streaming.Api.Features.Audit;

public static class AuditEndpoints
{
    private const string ListName = "admin audit";

    public static void MapAudit(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/api/admin/audit", List)
            .RequireAuthorization(AdministratorsOnly.Policy)
            .WithTags("Administration")
            .WithSummary("List what administrators did")
            .WithDescription("The newest first. Entries are written with the act itself and can be neither changed nor deleted.")
            .Gives(new AuditPage(
                [new(42, new(2025, 11, 23, 10, 0, 0, TimeSpan.Zero), "2Zk9gYp0TbqRmVf1x", AdminAct.ApplicationRejected, "7Hb3kQw8NcYtLs5Pd", "No link to earlier work.",
                    JsonSerializer.SerializeToElement(new { status = "pending" }), JsonSerializer.SerializeToElement(new { status = "rejected" }))],
                "xr3Tn0mQb1y2uVwE5kGf9A"))
            .Fails(Errors.Forbidden, Errors.InvalidCursor, Errors.ValidationFailed);

    private static async Task<Results<Ok<AuditPage>, ApiError>> List(
        StreamingDb db, Cursors cursors, CancellationToken ct,
        [StringLength(User.IdMax)] string? subject = null, [StringLength(User.IdMax)] string? administrator = null,
        [MaxLength(Cursors.MaxLength)] string? cursor = null, [Range(1, Paging.Most)] int limit = Paging.Usual)
    {
        var position = cursor is null ? $"{long.MaxValue}" : cursors.Open(ListName, cursor);
        if (position is null) return Errors.InvalidCursor;
        var before = long.Parse(position, CultureInfo.InvariantCulture);
        var page = await db.AdminAudit.AsNoTracking()
            .Where(e => e.Id < before && (subject == null || e.Subject == subject) && (administrator == null || e.AdministratorId == administrator))
            .OrderByDescending(e => e.Id).Take(limit + 1).ToListAsync(ct);
        var items = page.Take(limit).Select(e => new AuditItem(e.Id, e.At, e.AdministratorId, e.Act, e.Subject, e.Reason, Facts(e.Before), Facts(e.After))).ToList();
        return TypedResults.Ok(new AuditPage(items, page.Count > limit ? cursors.Seal(ListName, items[^1].Id.ToString(CultureInfo.InvariantCulture)) : null));
    }

    private static JsonElement? Facts(string? json) => json is null ? null : JsonElement.Parse(json);
}

/// <param name="NextCursor">For the next page; absent on the last.</param>
public sealed record AuditPage(IReadOnlyList<AuditItem> Items, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? NextCursor);

/// <param name="Id">Grows in the order in which acts were recorded.</param>
/// <param name="At">When it was done.</param>
/// <param name="AdministratorId">Who did it; `configuration` for the first administrator of a deployment.</param>
/// <param name="Act">What was done.</param>
/// <param name="Subject">The user whom it was done to.</param>
/// <param name="Reason">Why, in the administrator's words.</param>
/// <param name="Before">The facts that it changed, as they were.</param>
/// <param name="After">The same facts as it left them.</param>
public sealed record AuditItem(
    long Id, DateTimeOffset At, string AdministratorId, AdminAct Act, string Subject,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Reason,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] JsonElement? Before,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] JsonElement? After);
