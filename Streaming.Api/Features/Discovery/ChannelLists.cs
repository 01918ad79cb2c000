using Microsoft.AspNetCore.Http.HttpResults;
using Streaming.Api.Http;
using Streaming.Core.Discovery;

namespace Streaming.Api.Features.Discovery;

/// <summary>The lists whose order is the caller's own.</summary>
public sealed class ChannelLists(OrderedPages pages, FollowedChannels followed, ChannelSearch search, Recommendations recommendations)
{
    public async Task<Results<ListAnswer, ApiError>> Following(string user, string? cursor, int limit, CancellationToken ct)
    {
        var list = new ListOf($"following of {user}", user, Audience.Followers);
        return cursor is null ? await pages.First(list, await followed.Of(user, ct), keptAs: null, limit, ct) : Either(await pages.Next(list, cursor, limit, ct));
    }

    public async Task<Results<ListAnswer, ApiError>> Search(string query, string? user, bool withMature, string? cursor, int limit, CancellationToken ct)
    {
        var list = new ListOf($"search {withMature} {query}\n{user}", user, Audience.Everybody) { StillBelongs = (card, _) => withMature || !card.IsMature };
        return cursor is null
            ? await pages.First(list, new ListOrder([.. await search.Find(query, user, withMature, ct)]), keptAs: null, limit, ct)
            : Either(await pages.Next(list, cursor, limit, ct));
    }

    /// <summary>Who was recommended for being live, and is not any more, is left out.</summary>
    public async Task<Results<ListAnswer, ApiError>> Recommended(string? user, bool withMature, string? cursor, int limit, CancellationToken ct)
    {
        var list = new ListOf($"recommended {withMature}\n{user}", user, Audience.Everybody)
        {
            StillBelongs = (card, reasons) => (withMature || !card.IsMature) && (card.IsLive || (reasons & (Reasons.RecentlyLive | Reasons.New)) != 0),
        };
        if (cursor is not null) return Either(await pages.Next(list, cursor, limit, ct));
        var (id, order) = await recommendations.For(user, withMature, ct);
        var page = await pages.First(list, order, id, limit, ct);
        return page.IsEmpty ? await pages.First(list, await recommendations.Now(user, withMature, ct), keptAs: null, limit, ct) : page;
    }

    private static Results<ListAnswer, ApiError> Either((ListAnswer? Page, ApiError? Refused) outcome) => outcome.Page is { } page ? page : outcome.Refused!;
}
