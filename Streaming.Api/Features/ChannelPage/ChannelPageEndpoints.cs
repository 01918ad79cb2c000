using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Streaming.Api.Auth;
using Streaming.Api.Http;
using Streaming.Core.Creators;
using Streaming.Core.Data;
using Streaming.Core.Sessions;
using Streaming.Core.Streams;
using Streaming.Core.Viewers;

namespace Streaming.Api.Features.ChannelPage;

public static class ChannelPageEndpoints
{
    public static void MapChannelPage(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/api/stream/{username}", Get)
            .WithOptionalSignIn()
            .WithTags("Viewers")
            .WithSummary("Read a channel's page")
            .WithDescription("Live or not. A channel that is private, a test or suspended, or whose creator has blocked the caller or was blocked by him, looks as if it did not exist.")
            .Gives(new ChannelPage(
                "dev-creator", "ann", "Building a shed, part 3", "https://cdn.example.com/shed.webp", "Woodworking", "en", ["shed", "beginners"], false, Visibility.Public, true, true, LiveState.Live, new(2025, 11, 23, 10, 0, 0, TimeSpan.Zero),
                Guid.Parse("019abf58-d2f0-7a31-8e64-5d1c0b7e2f44"), null, 42, 1234, new ChatAccess(true, false, false, ChatDelivery.Direct, true, null),
                new ChannelRelation(false, true, new(2025, 10, 1, 8, 0, 0, TimeSpan.Zero), true, null, null, null), false, new(2025, 11, 23, 10, 15, 0, TimeSpan.Zero)))
            .Fails(Errors.Unauthorized, Errors.AuthUnavailable, Errors.ServiceUnavailable, Errors.ChannelNotFound);

    private static async Task<Results<Ok<ChannelPage>, ApiError>> Get(
        string username, HttpContext http, GuestPass guests, Admissions admissions, ChannelStates states, ViewerCounts viewers, StreamingDb db, CancellationToken ct, CurrentUser? user = null)
    {
        if (Username.Of(username) is not { } name || await admissions.ToPageOf(name, user?.Id ?? guests.Read(http), ct) is not { IsHidden: false } admission) return Errors.ChannelNotFound;
        if (await states.OfOwner(admission.HostId, ct) is not { } state) return Errors.ChannelNotFound;
        var watching = await viewers.Of(admission.ChannelId, ct);
        var page = await db.Channels.OwnedBy(admission.HostId)
            .Select(c => new { c.Title, c.Thumbnail, c.Category, c.Language, c.Tags, c.IsMature, Followers = db.Users.Where(u => u.Id == c.UserId).Select(u => u.FollowerCount).Single() }).SingleAsync(ct);
        return TypedResults.Ok(new ChannelPage(
            admission.HostId, name, page.Title, page.Thumbnail, page.Category, page.Language, page.Tags, page.IsMature, admission.Visibility, admission.AllowsGuests, state.State is LiveState.Live or LiveState.Test, state.State, state.StartedAt, state.SessionId,
            state.ReconnectingUntil, watching.Viewers, page.Followers, ChatAccess.Of(admission), ChannelRelation.Of(admission), state.IsStale, state.AsOf));
    }
}

/// <summary>A channel, as whoever asks may see it.</summary>
/// <param name="UserId">The creator: what `/api/stream/token/{hostId}` wants.</param>
/// <param name="Username">The creator's.</param>
/// <param name="Title">What the stream is called.</param>
/// <param name="Thumbnail">An https URL; null when the creator set none.</param>
/// <param name="Category">What it is about; null when the creator said nothing.</param>
/// <param name="Language">What is spoken, as BCP 47 writes it; null when the creator said nothing.</param>
/// <param name="Tags">In the creator's order.</param>
/// <param name="IsMature">Whether it is in lists only for those who ask for such.</param>
/// <param name="Visibility">Who may find and watch it.</param>
/// <param name="AllowGuests">Whether those may watch who are not signed in.</param>
/// <param name="IsLive">Whether media is arriving now.</param>
/// <param name="State">`offline` (never live), `starting`, `live`, `reconnecting`, `ended`, or `test` on his own page.</param>
/// <param name="StartedAt">When the session that is running began; absent when none is.</param>
/// <param name="SessionId">The session that is running, or the last one.</param>
/// <param name="ReconnectingUntil">Until when the session may go on; given while reconnecting.</param>
/// <param name="ViewerCount">Distinct people in the room who watch; the creator is not among them.</param>
/// <param name="FollowerCount">How many follow the creator.</param>
/// <param name="Chat">The chat, and whether the caller may write in it.</param>
/// <param name="Me">What the caller and the creator are to each other.</param>
/// <param name="Stale">Whether the live state may be out of date.</param>
/// <param name="AsOf">The moment the live state speaks of.</param>
public sealed record ChannelPage(
    string UserId,
    string Username,
    string Title,
    string? Thumbnail,
    string? Category,
    string? Language,
    IReadOnlyList<string> Tags,
    bool IsMature,
    Visibility Visibility,
    bool AllowGuests,
    bool IsLive,
    LiveState State,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateTimeOffset? StartedAt,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Guid? SessionId,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateTimeOffset? ReconnectingUntil,
    long ViewerCount,
    int FollowerCount,
    ChatAccess Chat,
    ChannelRelation Me,
    bool Stale,
    DateTimeOffset AsOf);

/// <param name="IsOwner">Whether it is his own channel.</param>
/// <param name="Following">Whether he follows the creator.</param>
/// <param name="FollowedAt">Since when.</param>
/// <param name="CanWatch">Whether he would be given a token, were the channel live.</param>
/// <param name="Reason">Why not: `followersOnly`, `guestsNotAllowed`, `banned`, or `suspended` on his own page.</param>
/// <param name="Banned">What the creator keeps him out of, if anything: `chat` or `stream`.</param>
/// <param name="BannedUntil">When that ends by itself; absent: when it is lifted.</param>
public sealed record ChannelRelation(
    bool IsOwner,
    bool Following,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateTimeOffset? FollowedAt,
    bool CanWatch,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] EntryRefusal? Reason,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] BanScope? Banned,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateTimeOffset? BannedUntil)
{
    internal static ChannelRelation Of(Admission admission) =>
        new(admission.IsHost, admission.FollowedAt is not null, admission.FollowedAt, admission.Refusal is null, admission.Refusal, admission.Ban, admission.BannedUntil);
}
