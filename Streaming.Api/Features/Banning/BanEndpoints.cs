using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Streaming.Api.Auth;
using Streaming.Api.Http;
using Streaming.Core.Data;
using Streaming.Core.Viewers;

namespace Streaming.Api.Features.Banning;

public static class BanEndpoints
{
    private static readonly DateTimeOffset Example = new(2025, 11, 23, 10, 15, 0, TimeSpan.Zero);

    public static void MapBans(this IEndpointRouteBuilder routes)
    {
        var bans = routes.MapGroup("/api/chat/{id}/bans").RequireAuthorization(ApprovedCreator.Policy).WithTags("Moderation");
        bans.MapGet("/", Get)
            .WithSummary("See whom you keep out")
            .WithDescription("Those in force, the latest first. `id` is your channel's, the `id` of your stream.")
            .Gives(new BanPage([new BannedPerson("dev-viewer", "ben", BanScope.Chat, "Spam.", "dev-creator", Example, Example.AddMinutes(10))], null))
            .Fails(Errors.ChannelNotFound, Errors.InvalidCursor, Errors.ValidationFailed);
        bans.MapPut("/{userId}", Put)
            .WithSummary("Ban somebody, or give him a time-out")
            .WithDescription("From the chat, he may watch and not write; from the stream, he is removed within two seconds, given no token, and removed again at each join for as long as "
                + "one from before could be used. With `durationSeconds` it ends by itself, and whoever is still there may write again within two seconds. Banning again replaces what was. "
                + "A guest is named by his identity in the room, `guest:…`: other guests from where he came are kept out with him, as long as his address is on record (30 days, as a keyed hash).")
            .Takes(new BanPerson(BanScope.Chat, 600, "Spam."))
            .Gives(new BanAnswer("dev-viewer", true, BanScope.Chat, Example, Example.AddMinutes(10)))
            .Fails(Errors.ChannelNotFound, Errors.UserNotFound, Errors.Oneself, Errors.ValidationFailed);
        bans.MapDelete("/{userId}", Delete)
            .WithSummary("Lift a ban or a time-out")
            .WithDescription("Lifting what is not there changes nothing.")
            .Gives(new BanAnswer("dev-viewer", false, null, null, null))
            .Fails(Errors.ChannelNotFound, Errors.ValidationFailed);
    }

    private static async Task<Results<Ok<BanPage>, ApiError>> Get(
        Guid id, StreamingDb db, Cursors cursors, CurrentUser user, TimeProvider time, CancellationToken ct,
        [MaxLength(Cursors.MaxLength)] string? cursor = null, [Range(1, Paging.Most)] int limit = Paging.Usual)
    {
        if (!await IsHis(id, db, user, ct)) return Errors.ChannelNotFound;
        var list = $"bans of {id}";
        var after = cursor is null ? null : TimeAndId.Read(cursors.Open(list, cursor));
        if (cursor is not null && after is null) return Errors.InvalidCursor;
        var now = time.GetUtcNow();
        var inForce = db.Bans.Where(b => b.ChannelId == id && b.Until > now);
        if (after is { At: var at, Id: var person }) inForce = inForce.Where(b => b.BannedAt < at || (b.BannedAt == at && string.Compare(b.Person, person) > 0));
        var found = await (from b in inForce
                           join u in db.Users on b.UserId equals u.Id into users
                           from u in users.DefaultIfEmpty()
                           orderby b.BannedAt descending, b.Person
                           select new { Ban = b, Username = u == null ? null : u.Username }).Take(limit + 1).ToListAsync(ct);
        var page = found.Take(limit).ToList();
        return TypedResults.Ok(new BanPage(
            [.. page.Select(f => BannedPerson.Of(f.Ban, f.Username))], found.Count > limit ? cursors.Seal(list, TimeAndId.Write(page[^1].Ban.BannedAt, page[^1].Ban.Person)) : null));
    }

    private static async Task<Results<Ok<BanAnswer>, ApiError>> Put(
        Guid id, [MaxLength(Ban.PersonMax)] string userId, BanPerson request, StreamingDb db, Bans bans, CurrentUser user, CancellationToken ct)
    {
        if (!await IsHis(id, db, user, ct)) return Errors.ChannelNotFound;
        if (userId == user.Id) return Errors.Oneself;
        var duration = request.DurationSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : (TimeSpan?)null;
        return await bans.Ban(id, Visitor.Named(userId), request.Scope, duration, request.Reason?.Trim(), user.Id, ct) is { } ban
            ? TypedResults.Ok(new BanAnswer(userId, true, request.Scope, ban.Since, Finite(ban.Until))) : Errors.UserNotFound;
    }

    private static async Task<Results<Ok<BanAnswer>, ApiError>> Delete(
        Guid id, [MaxLength(Ban.PersonMax)] string userId, StreamingDb db, Bans bans, CurrentUser user, CancellationToken ct)
    {
        if (!await IsHis(id, db, user, ct)) return Errors.ChannelNotFound;
        await bans.Lift(id, Visitor.Named(userId), ct);
        return TypedResults.Ok(new BanAnswer(userId, false, null, null, null));
    }

    private static Task<bool> IsHis(Guid channel, StreamingDb db, CurrentUser user, CancellationToken ct) => db.Channels.OwnedBy(user.Id).AnyAsync(c => c.Id == channel, ct);

    internal static DateTimeOffset? Finite(DateTimeOffset until) => until == DateTimeOffset.MaxValue ? null : until;
}

/// <param name="Scope">`chat`: he may watch and not write; `stream`: neither.</param>
/// <param name="DurationSeconds">For how long, up to two weeks; absent: until it is lifted.</param>
/// <param name="Reason">Why, 1 to 500 characters; for you.</param>
public sealed record BanPerson(BanScope Scope, [property: Range(1, Ban.SecondsMax)] int? DurationSeconds = null, [property: Text(1, Ban.ReasonMax)] string? Reason = null);

/// <param name="UserId">Whom, as in the address.</param>
/// <param name="Banned">Whether he is kept out now.</param>
/// <param name="Scope">What he is kept out of.</param>
/// <param name="BannedAt">Since when.</param>
/// <param name="ExpiresAt">When it ends by itself; absent: when it is lifted.</param>
public sealed record BanAnswer(
    string UserId,
    bool Banned,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] BanScope? Scope,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateTimeOffset? BannedAt,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateTimeOffset? ExpiresAt);

/// <param name="NextCursor">For the next page; absent on the last.</param>
public sealed record BanPage(IReadOnlyList<BannedPerson> Items, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? NextCursor);

/// <param name="UserId">Who it is; a guest by his identity, `guest:…`.</param>
/// <param name="Username">Null when he has none.</param>
/// <param name="Scope">What he is kept out of.</param>
/// <param name="Reason">Why, if anybody said.</param>
/// <param name="BannedBy">Who did it.</param>
/// <param name="BannedAt">Since when.</param>
/// <param name="ExpiresAt">When it ends by itself; absent: when it is lifted.</param>
public sealed record BannedPerson(
    string UserId,
    string? Username,
    BanScope Scope,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Reason,
    string BannedBy,
    DateTimeOffset BannedAt,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateTimeOffset? ExpiresAt)
{
    internal static BannedPerson Of(Ban ban, string? username) =>
        new(ban.UserId ?? ban.Person, username, ban.Scope, ban.Reason, ban.BannedBy, ban.BannedAt, BanEndpoints.Finite(ban.Until));
}
