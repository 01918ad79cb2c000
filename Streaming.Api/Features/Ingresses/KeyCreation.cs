using Microsoft.EntityFrameworkCore;
using Npgsql;
using Streaming.Api.Http;
using Streaming.Core.Data;
using Streaming.Core.Idempotency;
using Streaming.Core.LiveKit;
using Streaming.Core.Sessions;
using Streaming.Core.Streams;

namespace Streaming.Api.Features.Ingresses;

/// <summary>
/// Makes a key in LiveKit and records it. What cannot be recorded is taken back, so that no key works of which we do not know. The caller has the channel's turn.
/// </summary>
public sealed partial class KeyCreation(StreamingDb db, LiveKitApi livekit, TimeProvider time, ILogger<KeyCreation> log)
{
    /// <param name="claim">Under which the request's Idempotency-Key remembers what is made.</param>
    /// <param name="replaced">The key whose place it takes.</param>
    /// <exception cref="LiveKitException">No key was made.</exception>
    public async Task<(CreatedIngress? Created, ApiError? Error)> Add(Guid channel, NewKey key, RequestClaim? claim, Replacement? replaced = null)
    {
        key = key with { IsEnabled = !await IsHeld(channel, replaced?.Ingress) };
        CreatedIngress created;
        try
        {
            created = await livekit.CreateIngress(channel, key, CancellationToken.None);
        }
        catch (LiveKitException)
        {
            await TakeBack(channel); // whatever LiveKit said, it may exist, with a key that nobody has seen
            throw;
        }

        ApiError? error;
        try
        {
            error = await Record(channel, key, created, claim, replaced);
        }
        catch (Exception)
        {
            await TakeBack(channel, created.Id); // and no other: if Postgres restarted, somebody else may have had his turn
            throw;
        }

        if (error is not null)
        {
            await TakeBack(channel, created.Id);
            return (null, error);
        }

        Log.Created(log, created.Id, channel);
        return (created, null);
    }

    /// <summary>Deletes what LiveKit has for this channel without our record: an earlier change was left half done, and nobody was shown that key.</summary>
    public async Task RemoveUnrecorded(Guid channel)
    {
        foreach (var id in await Unrecorded(channel))
        {
            await livekit.DeleteIngress(id, CancellationToken.None);
            await livekit.RemovePublisher(channel, id, CancellationToken.None);
        }
    }

    /// <returns>Why it was not recorded; null when it was.</returns>
    private async Task<ApiError?> Record(Guid channel, NewKey key, CreatedIngress created, RequestClaim? claim, Replacement? replaced)
    {
        await using var transaction = await db.Database.BeginTransactionAsync();
        var connection = (NpgsqlConnection)db.Database.GetDbConnection();
        var windows = await SessionWrites.LockChannels(connection, [channel], CancellationToken.None);
        if (replaced is null && await db.Ingresses.CountAsync(i => i.ChannelId == channel && i.DeletedAt == null && i.ReplacedById == null) >= Ingress.Most) return Errors.KeyLimit;
        if (replaced is not null && await db.Ingresses.Replace(replaced, created.Id) == 0) return Errors.IngressChanging;

        db.Ingresses.Add(new Ingress(created, channel, key, time.GetUtcNow()));
        await db.SaveChangesAsync();
        if (claim is not null && !await RememberedRequests.Complete(connection, claim, created.Id, CancellationToken.None)) return Errors.IngressChanging;
        await KeyLedger.Append(
            connection, channel, [new LedgerLine(replaced is null ? KeyEvent.Issued : KeyEvent.Rotated, created.Id) { Detail = replaced?.Ingress }], CancellationToken.None);
        if (replaced is not null)
        {
            await IngressHolds.Carry(connection, channel, replaced.Ingress, created.Id, HoldReason.Disabled, CancellationToken.None);
            if (replaced.IsNow) await SessionWrites.Cut(connection, windows, channel, replaced.Ingress, EndReasons.Rotated, CancellationToken.None);
        }

        await transaction.CommitAsync();
        return null;
    }

    /// <summary>A channel that is held gets no key that works, not even for a moment.</summary>
    private Task<bool> IsHeld(Guid channel, string? replaced)
    {
        var now = time.GetUtcNow();
        return db.IngressHolds.AnyAsync(h => h.ChannelId == channel && (h.Until == null || h.Until > now)
            && (h.IngressId == null || (h.IngressId == replaced && h.Reason == HoldReason.Disabled)));
    }

    /// <summary>As far as LiveKit can be reached; the worker's sweep and the next change of this channel do the rest.</summary>
    private async Task TakeBack(Guid channel, string? ingressId = null)
    {
        try
        {
            foreach (var id in ingressId is null ? await Unrecorded(channel) : [ingressId]) await livekit.DeleteIngress(id, CancellationToken.None);
        }
        catch (Exception e) when (e is LiveKitException || Failures.IsTransient(e))
        {
            Log.LeftBehind(log, channel, e.GetType().Name);
        }
    }

    private async Task<IEnumerable<string>> Unrecorded(Guid channel)
    {
        var ids = await livekit.ListIngresses(channel, CancellationToken.None);
        return ids.Except(await db.Ingresses.Where(i => i.ChannelId == channel && i.DeletedAt == null).Select(i => i.Id).ToListAsync());
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Created ingress {IngressId} for channel {ChannelId}")]
        public static partial void Created(ILogger logger, string ingressId, Guid channelId);

        [LoggerMessage(Level = LogLevel.Error, Message = "An ingress of channel {ChannelId} may be left in LiveKit ({Failure})")]
        public static partial void LeftBehind(ILogger logger, Guid channelId, string failure);
    }
}
