using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Streaming.Api.Auth;
using Streaming.Api.Http;
using Streaming.Core.Data;
using Streaming.Core.Social;

namespace Streaming.Api.Features.Blocks;

public static class BlockEndpoints
{
    public static void MapBlocks(this IEndpointRouteBuilder routes)
    {
        var blocks = routes.MapGroup("/api/blocks").WithTags("Social");
        blocks.MapGet("/", Get)
            .WithSummary("See whom you block")
            .WithDescription("The latest first.")
            .Gives(new BlockPage([new BlockedUser("dev-viewer", "ben", Example)], null))
            .Fails(Errors.InvalidCursor, Errors.ValidationFailed);
        blocks.MapPut("/{userId}", Put)
            .WithSummary("Block somebody")
            .WithDescription("It works both ways: neither sees the other's page, follows or watches him. Both stop following each other; whoever is in the other's room is removed "
                + "within two seconds, and again at each join for as long as a token from before could be used. He can still watch as a guest where guests are allowed.")
            .Gives(new BlockAnswer("dev-viewer", true, Example))
            .Fails(Errors.UserNotFound, Errors.Oneself);
        blocks.MapDelete("/{userId}", Delete)
            .WithSummary("Block somebody no longer")
            .WithDescription("Nobody follows again by it.")
            .Gives(new BlockAnswer("dev-viewer", false, null));
    }

    private static readonly DateTimeOffset Example = new(2025, 10, 1, 8, 0, 0, TimeSpan.Zero);

    private static async Task<Results<Ok<BlockPage>, ApiError>> Get(
        StreamingDb db, Cursors cursors, CurrentUser user, CancellationToken ct, [MaxLength(Cursors.MaxLength)] string? cursor = null, [Range(1, Paging.Most)] int limit = Paging.Usual)
    {
        var list = $"blocks of {user.Id}";
        var after = cursor is null ? null : TimeAndId.Read(cursors.Open(list, cursor));
        if (cursor is not null && after is null) return Errors.InvalidCursor;
        var mine = db.Blocks.Where(b => b.BlockerId == user.Id);
        if (after is { At: var at, Id: var id }) mine = mine.Where(b => b.BlockedAt < at || (b.BlockedAt == at && string.Compare(b.BlockedId, id) > 0));
        var found = await (from b in mine
                           join u in db.Users on b.BlockedId equals u.Id
                           orderby b.BlockedAt descending, b.BlockedId
                           select new BlockedUser(u.Id, u.Username, b.BlockedAt)).Take(limit + 1).ToListAsync(ct);
        var items = found.Take(limit).ToList();
        return TypedResults.Ok(new BlockPage(items, found.Count > limit ? cursors.Seal(list, TimeAndId.Write(items[^1].BlockedAt, items[^1].UserId)) : null));
    }

    private static async Task<Results<Ok<BlockAnswer>, ApiError>> Put(string userId, Relations relations, CurrentUser user, CancellationToken ct)
    {
        if (userId == user.Id) return Errors.Oneself;
        return await relations.Block(user.Id, userId, ct) is { } since ? TypedResults.Ok(new BlockAnswer(userId, true, since)) : Errors.UserNotFound;
    }

    private static async Task<Ok<BlockAnswer>> Delete(string userId, Relations relations, CurrentUser user, CancellationToken ct)
    {
        await relations.Unblock(user.Id, userId, ct);
        return TypedResults.Ok(new BlockAnswer(userId, false, null));
    }
}

/// <param name="NextCursor">For the next page; absent on the last.</param>
public sealed record BlockPage(IReadOnlyList<BlockedUser> Items, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? NextCursor);

/// <param name="UserId">Who it is.</param>
/// <param name="Username">Null when he has none.</param>
/// <param name="BlockedAt">Since when.</param>
public sealed record BlockedUser(string UserId, string? Username, DateTimeOffset BlockedAt);

/// <param name="UserId">Who it is.</param>
/// <param name="Blocked">Whether the caller blocks him now.</param>
/// <param name="BlockedAt">Since when.</param>
public sealed record BlockAnswer(string UserId, bool Blocked, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateTimeOffset? BlockedAt);
