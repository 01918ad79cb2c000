using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;
using Streaming.Api.Http;
using Streaming.Core.Discovery;
using Streaming.Core.Social;

namespace Streaming.Api.Features.Discovery;

/// <summary>
/// Pages of the list of who is live. A first page is written once for all who ask for it and from whom nobody in it is kept apart; a later
/// one goes on in the order of the snapshot that its cursor names, with what is true now.
/// </summary>
public sealed class LivePages(LiveDirectory directory, ListOrders orders, Relations relations, Cursors cursors, IOptions<JsonOptions> json)
{
    /// <summary>Of one snapshot, which lasts for two seconds.</summary>
    private const int MostKept = 500;

    /// <summary>A page that does not change has another ETag all the same after a while, well before its cursor is over.</summary>
    private static readonly long Epoch = TimeSpan.FromMinutes(2).Ticks;

    private static readonly IReadOnlySet<string> Nobody = new HashSet<string>();

    private readonly ConditionalWeakTable<LiveSnapshot, Written> _written = [];

    public async Task<(ListAnswer? Page, ApiError? Refused)> Read(LiveQuery query, string? user, string? cursor, int limit, CancellationToken ct)
    {
        var snapshot = await directory.Now(ct);
        var apart = user is null ? Nobody : await relations.KeptApart(user, ct);
        if (cursor is null)
        {
            var page = apart.Count == 0 || !snapshot.Channels.Any(c => apart.Contains(c.UserId))
                ? Shared(snapshot, query, limit)
                : Write(snapshot, snapshot.OrderId(query.Sort), Order(snapshot.Order(query.Sort), query.Sort, snapshot.Id), query, apart, 0, limit);
            return (Answer(page, query.ListName(user)), null);
        }

        if (cursors.Open(query.ListName(user), cursor)?.Split(' ') is not [var id, var place]) return (null, Errors.InvalidCursor);
        var orderId = Guid.Parse(id);
        if ((orderId == snapshot.OrderId(query.Sort) ? snapshot.Order(query.Sort) : await orders.Find(orderId, ct)) is not { } order) return (null, Errors.CursorExpired);
        var next = Write(snapshot, orderId, Order(order, query.Sort, orderId), query, apart, int.Parse(place, CultureInfo.InvariantCulture), limit);
        return (Answer(next, query.ListName(user)), null);
    }

    private static Guid[] Order(ListOrder order, LiveSort sort, Guid seed)
    {
        if (sort != LiveSort.Random) return order.Channels;
        var shuffled = order.Channels.ToArray();
        new Random(BitConverter.ToInt32(seed.ToByteArray(), 12)).Shuffle(shuffled); // the last bytes of a version 7 id are random
        return shuffled;
    }

    private Page Shared(LiveSnapshot snapshot, LiveQuery query, int limit)
    {
        var pages = _written.GetOrCreateValue(snapshot).Pages;
        if (pages.TryGetValue((query, limit), out var written)) return written;
        var page = Write(snapshot, snapshot.OrderId(query.Sort), Order(snapshot.Order(query.Sort), query.Sort, snapshot.Id), query, Nobody, 0, limit);
        if (pages.Count < MostKept) pages.TryAdd((query, limit), page);
        return page;
    }

    private Page Write(LiveSnapshot snapshot, Guid orderId, Guid[] order, LiveQuery query, IReadOnlySet<string> apart, int from, int limit)
    {
        var items = _written.GetOrCreateValue(snapshot).Items;
        using var body = new MemoryStream();
        body.Write("{\"items\":["u8);
        var (count, place) = (0, from);
        for (; place < order.Length; place++)
        {
            if (snapshot.Find(order[place]) is not { } card || !query.Matches(card) || apart.Contains(card.UserId)) continue;
            if (count == limit) break;
            if (count++ > 0) body.Write(","u8);
            body.Write(items.GetOrAdd(card.Id, static (_, x) => JsonSerializer.SerializeToUtf8Bytes(ListedChannel.Of(x.card), x.options), (card, options: json.Value.SerializerOptions)));
        }

        body.Write("]"u8);
        var bytes = body.ToArray();
        return new Page(bytes, ListAnswer.ETagOf(bytes, snapshot.MadeAt.UtcTicks / Epoch), place < order.Length ? $"{orderId} {place.ToString(CultureInfo.InvariantCulture)}" : null);
    }

    /// <summary>The page with a cursor of the caller's own.</summary>
    private ListAnswer Answer(Page page, string list) => new(page.Items, page.Position is null ? null : cursors.Seal(list, page.Position), page.ETag);

    /// <summary>What was made of one snapshot.</summary>
    private sealed class Written
    {
        public ConcurrentDictionary<(LiveQuery, int), Page> Pages { get; } = [];

        public ConcurrentDictionary<Guid, byte[]> Items { get; } = [];
    }

    /// <param name="Items">All of the body but the cursor and what closes it.</param>
    /// <param name="Position">Where the next page begins; null when there is none.</param>
    private sealed record Page(byte[] Items, string ETag, string? Position);
}
