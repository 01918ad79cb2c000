using System.Text.Json.Serialization;
using Streaming.Core.Discovery;

namespace Streaming.Api.Features.Discovery;

/// <param name="NextCursor">For the next page; absent on the last.</param>
public sealed record ChannelList(IReadOnlyList<ListedChannel> Items, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? NextCursor)
{
    /// <summary>For the OpenAPI document.</summary>
    internal static ChannelList Example(params Reason[] reasons) => new(
        [new(Guid.Parse("019abf3c-5a0e-7c55-9d2b-3f1f6c3a9b10"), "dev-creator", "ann", "Building a shed, part 3", "https://cdn.example.com/shed.webp", "Woodworking", "en", ["shed", "beginners"], false,
            true, 42, 1234, new(2025, 11, 23, 10, 0, 0, TimeSpan.Zero), null, reasons is [] ? null : reasons)],
        "xr3Tn0mQb1y2uVwE5kGf9A");
}

/// <summary>A channel as lists show it.</summary>
/// <param name="Id">The channel.</param>
/// <param name="UserId">Its creator: what `/api/stream/token/{hostId}` wants.</param>
/// <param name="Username">Its page is at `/api/stream/{username}`; null when the creator has none.</param>
/// <param name="Title">What the stream is called.</param>
/// <param name="Thumbnail">An https URL; null when the creator set none.</param>
/// <param name="Category">What it is about; null when the creator said nothing.</param>
/// <param name="Language">What is spoken, as BCP 47 writes it; null when the creator said nothing.</param>
/// <param name="Tags">In the creator's order.</param>
/// <param name="IsMature">Whether it is in lists only for those who ask for such.</param>
/// <param name="IsLive">Whether media is arriving now.</param>
/// <param name="ViewerCount">Distinct people in the room who watch; the creator is not among them.</param>
/// <param name="FollowerCount">How many follow the creator.</param>
/// <param name="StartedAt">When the session began that is live; absent when none is.</param>
/// <param name="LastLiveAt">When media last stopped; absent while it is live, or when it never was.</param>
/// <param name="Reasons">Why it is recommended; given in that list alone.</param>
public sealed record ListedChannel(
    Guid Id,
    string UserId,
    string? Username,
    string Title,
    string? Thumbnail,
    string? Category,
    string? Language,
    IReadOnlyList<string> Tags,
    bool IsMature,
    bool IsLive,
    long ViewerCount,
    int FollowerCount,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateTimeOffset? StartedAt,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateTimeOffset? LastLiveAt,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<Reason>? Reasons)
{
    internal static ListedChannel Of(ChannelCard card, IReadOnlyList<Reason>? reasons = null) => new(
        card.Id, card.UserId, card.Username, card.Title, card.Thumbnail, card.Category, card.Language, card.Tags, card.IsMature, card.IsLive, card.ViewerCount, card.FollowerCount,
        card.StartedAt, card.LastLiveAt, reasons);
}

/// <summary>Why a channel is recommended.</summary>
public enum Reason
{
    /// <summary>The caller follows its creator.</summary>
    Followed,

    /// <summary>Those follow its creator who follow whom the caller follows.</summary>
    CoFollowed,

    /// <summary>It is of a category of which the caller follows others.</summary>
    Category,

    /// <summary>It began within the last half hour.</summary>
    JustStarted,

    /// <summary>It is among the most watched.</summary>
    Popular,

    /// <summary>It is live.</summary>
    Live,

    /// <summary>It was live lately: there is not enough that is.</summary>
    RecentlyLive,

    /// <summary>It is one of the newest: there is not enough that is live, or was lately.</summary>
    New,
}
