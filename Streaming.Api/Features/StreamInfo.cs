using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Streaming.Api.Http;
using Streaming.Core.Data;
using Streaming.Core.Streams;

namespace Streaming.Api.Features;

/// <param name="Stream">The channel's settings.</param>
public sealed record StreamAnswer(StreamInfo Stream)
{
    /// <summary>What is sent, with the version of the settings as its ETag.</summary>
    internal static Ok<StreamAnswer> Of(StreamInfo info, HttpResponse response)
    {
        response.Headers.ETag = ETags.Of(info.Version);
        return TypedResults.Ok(new StreamAnswer(info));
    }

    /// <summary>For the OpenAPI document.</summary>
    internal static readonly StreamAnswer Example = new(new StreamInfo(
        Guid.Parse("019abf3c-5a0e-7c55-9d2b-3f1f6c3a9b10"), "dev-creator", "Building a shed, part 3", "https://cdn.example.com/shed.webp", "Woodworking", "en", ["shed", "beginners"], IsMature: false, IsLive: true,
        Visibility.Public, AllowGuests: true, IsChatEnabled: true, IsChatDelayed: false, IsChatFollowersOnly: false, ReconnectWindowSeconds: 60, MaxDurationMinutes: 720, ContestRule.Alert, new("IN_7bJd3kQx2fGm", IngressType.RTMP, "x7Qz"),
        new(2025, 11, 23, 9, 30, 0, TimeSpan.Zero), new(2025, 11, 23, 10, 15, 0, TimeSpan.Zero)));
}

/// <summary>A channel's settings, as its owner sees them.</summary>
/// <param name="Id">The channel: also the name of its LiveKit room.</param>
/// <param name="UserId">The creator.</param>
/// <param name="Title">What the stream is called, 1 to 200 characters.</param>
/// <param name="Thumbnail">An https URL; null when the creator set none.</param>
/// <param name="Category">What it is about; null when the creator said nothing.</param>
/// <param name="Language">What is spoken, as BCP 47 writes it; null when the creator said nothing.</param>
/// <param name="Tags">At most ten; none twice, whatever the case.</param>
/// <param name="IsMature">Whether it is in lists only for those who ask for such.</param>
/// <param name="IsLive">Whether media is arriving now.</param>
/// <param name="Visibility">Who may find and watch it: `public`, `unlisted` (in no list), `followers`, `private` (whom the creator let in) or `test` (himself alone).</param>
/// <param name="AllowGuests">Whether those may watch who are not signed in.</param>
/// <param name="IsChatEnabled">Whether there is a chat at all.</param>
/// <param name="IsChatDelayed">Whether messages reach viewers after a delay.</param>
/// <param name="IsChatFollowersOnly">Whether followers alone may write.</param>
/// <param name="ReconnectWindowSeconds">How long after a drop the same session may go on.</param>
/// <param name="MaxDurationMinutes">A broadcast that lasts longer is ended.</param>
/// <param name="OnContest">What happens when several encoders fight over a key.</param>
/// <param name="Ingress">The primary ingress, without its key; null when there is none.</param>
/// <param name="CreatedAt">When the creator got his first stream key.</param>
/// <param name="UpdatedAt">When a setting was last changed.</param>
public sealed record StreamInfo(
    Guid Id,
    string UserId,
    string Title,
    string? Thumbnail,
    string? Category,
    string? Language,
    IReadOnlyList<string> Tags,
    bool IsMature,
    bool IsLive,
    Visibility Visibility,
    bool AllowGuests,
    bool IsChatEnabled,
    bool IsChatDelayed,
    bool IsChatFollowersOnly,
    int ReconnectWindowSeconds,
    int MaxDurationMinutes,
    ContestRule OnContest,
    IngressInfo? Ingress,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt)
{
    /// <summary>Of the settings: whether media is arriving, and the key, are no part of them.</summary>
    [JsonIgnore]
    public uint Version { get; init; }

    public static Task<StreamInfo?> Of(StreamingDb db, string userId, CancellationToken ct) =>
        db.Channels.OwnedBy(userId).Select(c => new StreamInfo(
            c.Id, c.UserId, c.Title, c.Thumbnail, c.Category, c.Language, c.Tags, c.IsMature,
            db.Sessions.Any(s => s.ChannelId == c.Id && s.MediaEndedAt == null),
            c.Visibility, c.AllowsGuests, c.IsChatEnabled, c.IsChatDelayed, c.IsChatFollowersOnly, c.ReconnectWindowSeconds, c.MaxDurationMinutes, c.OnContest,
            db.Ingresses.Where(i => i.ChannelId == c.Id && i.DeletedAt == null && i.IsPrimary).Select(i => new IngressInfo(i.Id, i.Type, i.KeyLast4)).SingleOrDefault(),
            c.CreatedAt, c.UpdatedAt)
        { Version = EF.Property<uint>(c, "xmin") }).SingleOrDefaultAsync(ct);
}

/// <param name="Id">LiveKit's id of the ingress.</param>
/// <param name="Type">How the encoder connects.</param>
/// <param name="KeyLast4">The last four characters of the stream key, to recognise it by.</param>
public sealed record IngressInfo(string Id, IngressType Type, string KeyLast4);
