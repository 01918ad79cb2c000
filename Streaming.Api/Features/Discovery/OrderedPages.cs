using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;
using Streaming.Api.Http;
using Streaming.Core.Discovery;

namespace Streaming.Api.Features.Discovery;

/// <summary>Pages of a list of somebody's own: in the order that it had at its first page, each with what is true now.</summary>
public sealed class OrderedPages(ListOrders orders, ChannelCards cards, Cursors cursors, IOptions<JsonOptions> json, TimeProvider time)
{
    private static readonly long Epoch = TimeSpan.FromMinutes(2).Ticks;

    /// <param name="keptAs">The id under which the order is kept already; null to keep it if there is a next page.</param>
    public async Task<ListAnswer> First(ListOf list, ListOrder order, Guid? keptAs, int limit, CancellationToken ct)
    {
        var (items, next) = await Fill(list, order, 0, limit, ct);
        if (next is not null && keptAs is null) await orders.Keep((keptAs = Guid.CreateVersion7(time.GetUtcNow())).Value, order, ct);
        return Answer(list, items, keptAs, next);
    }

    public async Task<(ListAnswer? Page, ApiError? Refused)> Next(ListOf list, string cursor, int limit, CancellationToken ct)
    {
        if (cursors.Open(list.Name, cursor)?.Split(' ') is not [var id, var place]) return (null, Errors.InvalidCursor);
        if (await orders.Find(Guid.Parse(id), ct) is not { } order) return (null, Errors.CursorExpired);
        var (items, next) = await Fill(list, order, int.Parse(place, CultureInfo.InvariantCulture), limit, ct);
        return (Answer(list, items, Guid.Parse(id), next), null);
    }

    /// <returns>The items, and where the next page begins.</returns>
    private async Task<(List<ListedChannel> Items, int? Next)> Fill(ListOf list, ListOrder order, int from, int limit, CancellationToken ct)
    {
        var items = new List<ListedChannel>(limit);
        for (var at = from; at < order.Channels.Length; at += limit + 1)
        {
            var some = order.Channels.AsSpan(at, Math.Min(limit + 1, order.Channels.Length - at)).ToArray();
            foreach (var card in await cards.Read(some, list.User, list.Audience, ct))
            {
                var place = at + Array.IndexOf(some, card.Id);
                if (!list.StillBelongs(card, order.ReasonsAt(place))) continue;
                if (items.Count == limit) return (items, place);
                items.Add(ListedChannel.Of(card, order.Reasons is null ? null : ReasonsOf(order.ReasonsAt(place))));
            }
        }

        return (items, null);
    }

    private ListAnswer Answer(ListOf list, List<ListedChannel> items, Guid? id, int? next)
    {
        byte[] body = [.. "{\"items\":"u8, .. JsonSerializer.SerializeToUtf8Bytes(items, json.Value.SerializerOptions)];
        var cursor = next is { } place ? cursors.Seal(list.Name, string.Create(CultureInfo.InvariantCulture, $"{id} {place}")) : null;
        return new ListAnswer(body, cursor, ListAnswer.ETagOf(body, time.GetUtcNow().UtcTicks / Epoch));
    }

    private static Reason[] ReasonsOf(Reasons reasons) =>
        [.. Enum.GetValues<Reason>().Where(r => reasons.HasFlag((Reasons)(1 << (int)r)))];
}

/// <summary>A list of somebody's own.</summary>
/// <param name="Name">What a cursor is of: whose it is and every filter included.</param>
/// <param name="User">Null for a guest.</param>
public sealed record ListOf(string Name, string? User, Audience Audience)
{
    /// <summary>Whether a channel is still what the list had it for.</summary>
    public Func<ChannelCard, Reasons, bool> StillBelongs { get; init; } = (_, _) => true;
}
