using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Streaming.Api.Auth;
using Streaming.Api.Http;
using Streaming.Core.Discovery;
using Streaming.Core.Streams;

namespace Streaming.Api.Features.Discovery;

public static class DiscoveryEndpoints
{
    private const string Pages = "A cursor goes on in the order that the list had at its first page, for at least four minutes: neither gap nor repeat, whatever changes meanwhile. "
        + "The answer has an `ETag`; with it as `If-None-Match`, one that has not changed is 304. ";

    public static IServiceCollection AddDiscovery(this IServiceCollection services) => services.AddSingleton<LivePages>().AddSingleton<OrderedPages>().AddSingleton<ChannelLists>();

    public static void MapDiscovery(this IEndpointRouteBuilder routes)
    {
        var lists = routes.MapGroup("/api/stream").WithTags("Discovery");
        lists.MapGet("/live", Live)
            .WithOptionalSignIn()
            .WithSummary("List who is live")
            .WithDescription("Public channels whose media is arriving now, at most two seconds old. " + Pages + "Whom the caller has blocked, or who has blocked him or banned him from his stream, is not in it, "
                + "nor is what is mature unless `mature=true`. `language=pt` also finds `pt-BR`; category and tag are compared without regard to case.")
            .Gives(ChannelList.Example())
            .Fails(Errors.Unauthorized, Errors.AuthUnavailable, Errors.ServiceUnavailable, Errors.InvalidCursor, Errors.CursorExpired, Errors.ValidationFailed);
        lists.MapGet("/recommended", Recommended)
            .WithOptionalSignIn()
            .WithSummary("List what to watch")
            .WithDescription("First whom the caller follows and who is live, then who else is; while those are few, who was live lately or is new. Each with its `reasons`. Within a minute the caller is told the same order. " + Pages)
            .Gives(ChannelList.Example(Reason.Followed, Reason.JustStarted))
            .Fails(Errors.Unauthorized, Errors.AuthUnavailable, Errors.ServiceUnavailable, Errors.InvalidCursor, Errors.CursorExpired, Errors.ValidationFailed);
        lists.MapGet("/following", Following)
            .WithSummary("List the channels you follow")
            .WithDescription("Those that are live first, the latest to begin before others; then the rest, the latest to have been live before others. An unlisted channel is in no list, not even here; "
                + "one for followers is, and a private one whose creator has let the caller in. " + Pages)
            .Gives(ChannelList.Example())
            .Fails(Errors.InvalidCursor, Errors.CursorExpired, Errors.ValidationFailed);
        lists.MapGet("/search", Search)
            .WithOptionalSignIn()
            .RequireRateLimiting(Limits.Searches)
            .WithSummary("Find channels by name, title, category and tags")
            .WithDescription("Live or not. Every word must be found; one of three letters or more also within others, a shorter one where a word begins. Where nothing is found, what is spelled alike is. "
                + "Whoever has this very username comes first, then who is live, then who has the most followers; 500 at most. " + Pages)
            .Gives(ChannelList.Example())
            .Fails(Errors.Unauthorized, Errors.AuthUnavailable, Errors.ServiceUnavailable, Errors.InvalidCursor, Errors.CursorExpired, Errors.ValidationFailed);
    }

    private static async Task<Results<ListAnswer, ApiError>> Live(
        LivePages pages, CancellationToken ct, CurrentUser? user = null, LiveSorts sort = LiveSorts.viewers,
        [Text(1, Channel.CategoryMax)] string? category = null, [Language] string? language = null, [Text(1, Channel.TagMax)] string? tag = null, bool mature = false,
        [MaxLength(Cursors.MaxLength)] string? cursor = null, [Range(1, Paging.Most)] int limit = Paging.Usual)
    {
        if (!Enum.IsDefined(sort)) return Errors.Invalid(nameof(sort), "must be viewers, recent or random.");
        var (page, refused) = await pages.Read(LiveQuery.Of((LiveSort)sort, category, language, tag, mature), user?.Id, cursor, limit, ct);
        return page is null ? refused! : page;
    }

    private static Task<Results<ListAnswer, ApiError>> Recommended(
        ChannelLists lists, CancellationToken ct, CurrentUser? user = null, bool mature = false,
        [MaxLength(Cursors.MaxLength)] string? cursor = null, [Range(1, Paging.Most)] int limit = Paging.Usual) => lists.Recommended(user?.Id, mature, cursor, limit, ct);

    private static Task<Results<ListAnswer, ApiError>> Following(
        ChannelLists lists, CurrentUser user, CancellationToken ct,
        [MaxLength(Cursors.MaxLength)] string? cursor = null, [Range(1, Paging.Most)] int limit = Paging.Usual) => lists.Following(user.Id, cursor, limit, ct);

    private static Task<Results<ListAnswer, ApiError>> Search(
        [Text(1, ChannelSearch.LongestQuery)] string q, ChannelLists lists, CancellationToken ct, CurrentUser? user = null, bool mature = false,
        [MaxLength(Cursors.MaxLength)] string? cursor = null, [Range(1, Paging.Most)] int limit = Paging.Usual) => lists.Search(q, user?.Id, mature, cursor, limit, ct);
}

/// <summary>In which order those come who are live.</summary>
public enum LiveSorts
{
    viewers = LiveSort.Viewers,
    recent = LiveSort.Recent,
    random = LiveSort.Random,
}
