using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Streaming.Api.Auth;
using Streaming.Api.Http;
using Streaming.Core.Data;
using Streaming.Core.Viewers;

namespace Streaming.Api.Features.AllowList;

public static class AllowListEndpoints
{
    public static void MapAllowList(this IEndpointRouteBuilder routes)
    {
        var list = routes.MapGroup("/api/stream/allow-list").RequireAuthorization(ApprovedCreator.Policy).WithTags("Stream");
        list.MapGet("/", Get)
            .WithSummary("See whom you let into your private channel")
            .Gives(new AllowListAnswer([new AllowedUser("dev-viewer", "ben", new(2025, 11, 23, 9, 30, 0, TimeSpan.Zero))]))
            .Fails(Errors.StreamNotFound);
        list.MapPut("/{userId}", Put)
            .WithSummary("Let somebody into your private channel")
            .WithDescription($"Up to {AllowedViewer.Most} people. It counts while the channel's visibility is `private`.")
            .Gives(new AllowAnswer("dev-viewer", true))
            .Fails(Errors.StreamNotFound, Errors.UserNotFound, Errors.AllowListFull);
        list.MapDelete("/{userId}", Delete)
            .WithSummary("Let somebody no longer into your private channel")
            .WithDescription("If he is watching, he is removed within two seconds.")
            .Gives(new AllowAnswer("dev-viewer", false))
            .Fails(Errors.StreamNotFound, Errors.UserNotFound);
    }

    private static async Task<Results<Ok<AllowListAnswer>, ApiError>> Get(StreamingDb db, CurrentUser user, CancellationToken ct)
    {
        if (await db.Channels.OwnedBy(user.Id).Select(c => (Guid?)c.Id).SingleOrDefaultAsync(ct) is not { } channel) return Errors.StreamNotFound;
        var allowed = from a in db.AllowedViewers
                      join u in db.Users on a.UserId equals u.Id
                      where a.ChannelId == channel
                      orderby a.AllowedAt, a.UserId
                      select new AllowedUser(u.Id, u.Username, a.AllowedAt);
        return TypedResults.Ok(new AllowListAnswer(await allowed.ToListAsync(ct)));
    }

    private static async Task<Results<Ok<AllowAnswer>, ApiError>> Put(string userId, AllowedViewers viewers, CurrentUser user, CancellationToken ct) =>
        await viewers.Allow(user.Id, userId, ct) switch
        {
            Allowing.NoChannel => Errors.StreamNotFound,
            Allowing.NoUser => Errors.UserNotFound,
            Allowing.Full => Errors.AllowListFull,
            _ => TypedResults.Ok(new AllowAnswer(userId, true)),
        };

    private static async Task<Results<Ok<AllowAnswer>, ApiError>> Delete(string userId, AllowedViewers viewers, CurrentUser user, CancellationToken ct) =>
        await viewers.Disallow(user.Id, userId, ct) switch
        {
            Allowing.NoChannel => Errors.StreamNotFound,
            Allowing.NoUser => Errors.UserNotFound,
            _ => TypedResults.Ok(new AllowAnswer(userId, false)),
        };
}

/// <param name="Items">In the order in which they were let in.</param>
public sealed record AllowListAnswer(IReadOnlyList<AllowedUser> Items);

/// <param name="UserId">Who it is.</param>
/// <param name="Username">Null when he has none.</param>
/// <param name="AllowedAt">Since when.</param>
public sealed record AllowedUser(string UserId, string? Username, DateTimeOffset AllowedAt);

/// <param name="UserId">Who it is.</param>
/// <param name="Allowed">Whether he is let in.</param>
public sealed record AllowAnswer(string UserId, bool Allowed);
