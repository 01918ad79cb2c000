using Microsoft.EntityFrameworkCore;
using Streaming.Api.Http;
using Streaming.Core.Data;
using Streaming.Core.Streams;

namespace Streaming.Api.Features.Ingresses;

/// <summary>Changes what viewers can choose from. LiveKit cuts off whoever publishes when it is told, so it is told between streams.</summary>
public sealed class KeyQualityChanges(StreamingDb db, KeyEnforcement keys, KeyList list, TimeProvider time)
{
    public async Task<(KeyInfo? Key, ApiError? Error)> Set(string userId, string ingressId, KeyQuality quality, bool atNextStream, CancellationToken ct)
    {
        if (await db.Ingresses.OwnedBy(db, userId).SingleOrDefaultAsync(i => i.Id == ingressId, ct) is not { } key) return (null, Errors.IngressNotFound);
        if (!quality.IsPossible(key.Type)) return (null, Errors.QualityImpossible);

        var now = time.GetUtcNow();
        var isRunning = await db.Sessions.AnyAsync(s => s.ChannelId == key.ChannelId && (s.MediaEndedAt == null || s.ReconnectUntil > now), ct);
        if (isRunning && !atNextStream && quality != key.Quality) return (null, Errors.QualityWhileLive);

        key.Encode(quality);
        if (!await db.TrySave(ct)) return (null, Errors.Conflict);
        await keys.Enforce(key.ChannelId, CancellationToken.None);
        return ((await list.Read(userId, ingressId, ct)).SingleOrDefault(), null);
    }
}
