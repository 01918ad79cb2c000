using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Streaming.Api.Auth;
using Streaming.Api.Http;
using Streaming.Core.Data;

namespace Streaming.Api.Features.Notices;

public static class NoticeEndpoints
{
    private static readonly DateTimeOffset Example = new(2025, 11, 23, 12, 0, 11, TimeSpan.Zero);

    public static void MapNotices(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/api/me/notices", Get)
            .RequireAuthorization()
            .WithTags("Social")
            .WithSummary("See who went live")
            .WithDescription("Of those you follow and have not muted, the latest broadcast first: one notice for each, when it had been on the air for ten seconds. Kept for 30 days.")
            .Gives(new NoticePage([new NoticeItem(Guid.Parse("019abf58-d2f0-7a31-8e64-5d1c0b7e2f44"), "dev-creator", "ann", "Building a shed, part 3", Example, true)], null))
            .Fails(Errors.InvalidCursor, Errors.ValidationFailed);

    private static async Task<Results<Ok<NoticePage>, ApiError>> Get(
        StreamingDb db, Cursors cursors, CurrentUser user, CancellationToken ct, [MaxLength(Cursors.MaxLength)] string? cursor = null, [Range(1, Paging.Most)] int limit = Paging.Usual)
    {
        var list = $"notices of {user.Id}";
        var position = cursor is null ? null : cursors.Open(list, cursor);
        if (cursor is not null && position is null) return Errors.InvalidCursor;
        var mine = db.Notices.Where(n => n.UserId == user.Id);
        if (position is not null)
        {
            var last = Guid.Parse(position, CultureInfo.InvariantCulture);
            mine = mine.Where(n => n.SessionId.CompareTo(last) < 0);
        }

        var found = await (from n in mine
                           join c in db.Channels on n.ChannelId equals c.Id
                           where c.ErasedAt == null && !db.Blocks.Any(b => (b.BlockerId == user.Id && b.BlockedId == c.UserId) || (b.BlockerId == c.UserId && b.BlockedId == user.Id))
                           join creator in db.Users on c.UserId equals creator.Id
                           join settings in db.SessionSnapshots on n.SessionId equals settings.SessionId
                           orderby n.SessionId descending
                           select new NoticeItem(n.SessionId, creator.Id, creator.Username, settings.Title, n.At, db.Sessions.Any(s => s.Id == n.SessionId && s.MediaEndedAt == null)))
            .Take(limit + 1).ToListAsync(ct);
        var items = found.Take(limit).ToList();
        return TypedResults.Ok(new NoticePage(items, found.Count > limit ? cursors.Seal(list, $"{items[^1].SessionId}") : null));
    }
}

/// <param name="NextCursor">For the next page; absent on the last.</param>
public sealed record NoticePage(IReadOnlyList<NoticeItem> Items, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? NextCursor);

/// <param name="SessionId">The broadcast.</param>
/// <param name="UserId">Who went live.</param>
/// <param name="Username">Null when he has none.</param>
/// <param name="Title">What the stream was called when it began.</param>
/// <param name="At">When you were told.</param>
/// <param name="IsLive">Whether media of this broadcast is arriving now.</param>
public sealed record NoticeItem(Guid SessionId, string UserId, string? Username, string Title, DateTimeOffset At, bool IsLive);
