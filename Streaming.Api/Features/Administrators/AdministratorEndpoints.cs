using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Streaming.Api.Auth;
using Streaming.Api.Http;
using Streaming.Core.Administration;
using Streaming.Core.Creators;
using Streaming.Core.Data;

namespace Streaming.Api.Features.Administrators;

public static class AdministratorEndpoints
{
    private static readonly AdministratorItem Example = new("2Zk9gYp0TbqRmVf1x", new(2025, 11, 23, 10, 0, 0, TimeSpan.Zero));

    public static void MapAdministrators(this IEndpointRouteBuilder routes)
    {
        var administrators = routes.MapGroup("/api/admin/administrators").RequireAuthorization(AdministratorsOnly.Policy).WithTags("Administration");
        administrators.MapGet("/", List)
            .WithSummary("List the administrators")
            .WithDescription("All of them, by when they became one.")
            .Gives(new AdministratorList([Example]))
            .Fails(Errors.Forbidden);
        administrators.MapPut("/{userId}", Grant)
            .WithSummary("Make a user an administrator")
            .WithDescription("He must have called this service once. Nothing happens if he is one.")
            .Gives(new AdministratorList([Example]))
            .Fails(Errors.Forbidden, Errors.UserNotFound, Errors.ValidationFailed);
        administrators.MapDelete("/{userId}", Revoke)
            .WithSummary("Take the administrator's rights from a user")
            .WithDescription("They are gone at his next call. The last administrator stays.")
            .Gives(new AdministratorList([Example]))
            .Fails(Errors.Forbidden, Errors.UserNotFound, Errors.LastAdministrator, Errors.ValidationFailed);
    }

    private static async Task<Ok<AdministratorList>> List(StreamingDb db, CancellationToken ct) => TypedResults.Ok(await All(db, ct));

    private static async Task<Results<Ok<AdministratorList>, ApiError>> Grant(
        [StringLength(User.IdMax)] string userId, AdministratorChanges changes, StreamingDb db, CurrentUser admin, CancellationToken ct) =>
        Refusal(await changes.Grant(userId, admin.Id, ct)) is { } error ? error : TypedResults.Ok(await All(db, ct));

    private static async Task<Results<Ok<AdministratorList>, ApiError>> Revoke(
        [StringLength(User.IdMax)] string userId, AdministratorChanges changes, StreamingDb db, CurrentUser admin, CancellationToken ct) =>
        Refusal(await changes.Revoke(userId, admin.Id, ct)) is { } error ? error : TypedResults.Ok(await All(db, ct));

    private static async Task<AdministratorList> All(StreamingDb db, CancellationToken ct) =>
        new(await db.Administrators.AsNoTracking().OrderBy(a => a.GrantedAt).ThenBy(a => a.UserId).Select(a => new AdministratorItem(a.UserId, a.GrantedAt)).ToListAsync(ct));

    private static ApiError? Refusal(AdministratorChange change) => change switch
    {
        AdministratorChange.Done => null,
        AdministratorChange.NoSuchUser => Errors.UserNotFound,
        AdministratorChange.LastOne => Errors.LastAdministrator,
        _ => Errors.Forbidden,
    };
}

public sealed record AdministratorList(IReadOnlyList<AdministratorItem> Items);

/// <param name="UserId">The auth server's id of the user.</param>
/// <param name="GrantedAt">Since when he is one.</param>
public sealed record AdministratorItem(string UserId, DateTimeOffset GrantedAt);
