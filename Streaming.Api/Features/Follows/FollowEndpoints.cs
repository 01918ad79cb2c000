using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Streaming.Api.Auth;
using Streaming.Api.Http;
using Streaming.Core.Data;
using Streaming.Core.Social;
using Streaming.Core.Streams;

namespace Streaming.Api.Features.Follows;

public static class FollowEndpoints
{
    public static void MapFollows(this IEndpointRouteBuilder routes)
    {
        var follows = routes.MapGroup("/api/follows").WithTags("Social");
        follows.MapGet("/", Get)
            .WithSummary("See whom you follow")
            .WithDescription("The latest first. With `live=true`, those alone who are live now.")
            .Gives(new FollowPage([new FollowedUser("dev-creator", "ann", Example, true, true)], null))
            .Fails(Errors.InvalidCursor, Errors.ValidationFailed);
        follows.MapPut("/{userId}", Put)
            .WithSummary("Follow somebody")
            .WithDescription("Following whom you follow already changes nothing, but for `notify` where it is given: whether you are told when he goes live, which is so at first. "
                + "Whoever stops and begins again follows since then: rules that ask for how long begin anew.")
            .Takes(new FollowChoice(false))
            .Gives(new FollowAnswer("dev-creator", true, Example, false))
            .Fails(Errors.UserNotFound, Errors.Oneself);
        follows.MapDelete("/{userId}", Delete)
            .WithSummary("Follow somebody no longer")
            .Gives(new FollowAnswer("dev-creator", false, null, null));
    }

    private static readonly DateTimeOffset Example = new(2025, 10, 1, 8, 0, 0, TimeSpan.Zero);

    private static async Task<Results<Ok<FollowPage>, ApiError>> Get(
        StreamingDb db, Cursors cursors, CurrentUser user, CancellationToken ct,
        bool live = false, [MaxLength(Cursors.MaxLength)] string? cursor = null, [Range(1, Paging.Most)] int limit = Paging.Usual)
    {
        var list = $"follows of {user.Id}";
        var after = cursor is null ? null : TimeAndId.Read(cursors.Open(list, cursor));
        if (cursor is not null && after is null) return Errors.InvalidCursor;
        var mine = db.Follows.Where(f => f.FollowerId == user.Id);
        if (after is { At: var at, Id: var id }) mine = mine.Where(f => f.FollowedAt < at || (f.FollowedAt == at && string.Compare(f.FolloweeId, id) > 0));
        var found = await (from f in mine
                           join u in db.Users on f.FolloweeId equals u.Id
                           let isLive = db.Channels.Any(c => c.UserId == u.Id && c.Visibility != Visibility.Private && c.Visibility != Visibility.Test
                               && db.Sessions.Any(s => s.ChannelId == c.Id && s.MediaEndedAt == null))
                           where !live || isLive
                           orderby f.FollowedAt descending, f.FolloweeId
                           select new FollowedUser(u.Id, u.Username, f.FollowedAt, isLive, f.Notify)).Take(limit + 1).ToListAsync(ct);
        var items = found.Take(limit).ToList();
        return TypedResults.Ok(new FollowPage(items, found.Count > limit ? cursors.Seal(list, TimeAndId.Write(items[^1].FollowedAt, items[^1].UserId)) : null));
    }

    private static async Task<Results<Ok<FollowAnswer>, ApiError>> Put(string userId, Relations relations, CurrentUser user, CancellationToken ct, FollowChoice? choice = null)
    {
        if (userId == user.Id) return Errors.Oneself;
        return await relations.Follow(user.Id, userId, choice?.Notify, ct) is (var since, var notify) ? TypedResults.Ok(new FollowAnswer(userId, true, since, notify)) : Errors.UserNotFound;
    }

    private static async Task<Ok<FollowAnswer>> Delete(string userId, Relations relations, CurrentUser user, CancellationToken ct)
    {
        await relations.Unfollow(user.Id, userId, ct);
        return TypedResults.Ok(new FollowAnswer(userId, false, null, null));
    }
}

/// <param name="NextCursor">For the next page; absent on the last.</param>
public sealed record FollowPage(IReadOnlyList<FollowedUser> Items, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? NextCursor);

/// <param name="UserId">Who it is.</param>
/// <param name="Username">Null when he has none.</param>
/// <param name="FollowedAt">Since when.</param>
/// <param name="IsLive">Whether media is arriving from him now. A private or test broadcast does not show.</param>
/// <param name="Notify">Whether you are told when he goes live.</param>
public sealed record FollowedUser(string UserId, string? Username, DateTimeOffset FollowedAt, bool IsLive, bool Notify);

/// <param name="Notify">Whether to be told when he goes live; absent: as it is.</param>
public sealed record FollowChoice(bool? Notify = null);

/// <param name="UserId">Who it is.</param>
/// <param name="Following">Whether the caller follows him now.</param>
/// <param name="FollowedAt">Since when.</param>
/// <param name="Notify">Whether the caller is told when he goes live.</param>
public sealed record FollowAnswer(
    string UserId, bool Following,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateTimeOffset? FollowedAt,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] bool? Notify);
