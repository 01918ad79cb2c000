using System.Globalization;
using System.Text.Json.Serialization;
using Microsoft.EntityFrameworkCore;
using Streaming.Api.Http;
using Streaming.Core.Data;
using Streaming.Core.Streams;

namespace Streaming.Api.Features.Ingresses;

/// <summary>Reads what happened to a key, newest first; of a deleted one too.</summary>
public sealed class KeyUses(StreamingDb db, Cursors cursors)
{
    public async Task<(KeyUsePage? Page, ApiError? Error)> Read(string userId, string ingressId, string? cursor, int limit, CancellationToken ct)
    {
        var channel = await db.Ingresses.Where(i => i.Id == ingressId && db.Channels.Any(c => c.Id == i.ChannelId && c.UserId == userId)).Select(i => (Guid?)i.ChannelId).SingleOrDefaultAsync(ct);
        if (channel is null) return (null, Errors.IngressNotFound);
        var name = $"uses of {ingressId}";
        var before = cursor is null ? $"{long.MaxValue}" : cursors.Open(name, cursor);
        if (before is null) return (null, Errors.InvalidCursor);

        var last = long.Parse(before, CultureInfo.InvariantCulture);
        var entries = await db.KeyLedger.AsNoTracking().Where(e => e.ChannelId == channel && (e.IngressId == ingressId || e.IngressId == null) && e.Sequence < last)
            .OrderByDescending(e => e.Sequence).Take(limit + 1)
            .Select(e => new KeyUse(e.Sequence, e.At, e.HappenedAt ?? e.At, e.Kind, e.ResourceId, e.Detail, e.Corrects)).ToListAsync(ct);
        var items = entries.Take(limit).ToList();
        return (new KeyUsePage(items, entries.Count > limit ? cursors.Seal(name, items[^1].Sequence.ToString(CultureInfo.InvariantCulture)) : null), null);
    }
}

/// <param name="NextCursor">For the next page; absent on the last.</param>
public sealed record KeyUsePage(IReadOnlyList<KeyUse> Items, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? NextCursor);

/// <param name="Sequence">The entry's number in the channel's ledger.</param>
/// <param name="RecordedAt">When it was written down.</param>
/// <param name="At">When it happened.</param>
/// <param name="Kind">`issued`, `revealed`, `rotated`, `disabled`, `enabled` or `deleted`; of an encoder `accepted`, `takenOver` (another displaced it), `refused`, `input` (what it sends) or `newEncoder` (the same, of a kind that had not used the key before).</param>
/// <param name="ResourceId">LiveKit's id of the encoder's connection. LiveKit does not tell its address.</param>
/// <param name="Detail">More, as a code: why it was refused or deleted, what holds it, which key it replaces, or an encoder's profile such as `h264 1920x1080@30 aac 2x48000`.</param>
/// <param name="Corrects">The number of an entry that later facts showed to be wrong, and which this one puts right.</param>
public sealed record KeyUse(
    long Sequence, DateTimeOffset RecordedAt, DateTimeOffset At, KeyEvent Kind,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? ResourceId,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Detail,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? Corrects);
