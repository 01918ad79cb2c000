using Microsoft.EntityFrameworkCore;
using Npgsql;
using Streaming.Api.Http;
using Streaming.Core.Data;
using Streaming.Core.LiveKit;
using Streaming.Core.Streams;

namespace Streaming.Api.Features.Ingresses;

/// <summary>
/// Makes and deletes a channel's keys. One change of a channel at a time; once LiveKit has been asked to change something, the caller's going away stops nothing.
/// </summary>
public sealed class IngressChanges(
    StreamingDb db, NpgsqlDataSource database, Suspensions suspensions, LiveKitApi livekit, KeyCreation creation, KeyRemoval removal, TimeProvider time)
{
    /// <summary>Makes the primary key, in the place of the one that is there: that one is deleted first, so that a failure leaves no key rather than two.</summary>
    /// <param name="replace">Whether a running broadcast may be cut off.</param>
    /// <param name="request">With an Idempotency-Key, what is made is kept under it.</param>
    /// <param name="arrivedAt">When the request came: an ingress younger than that was made by a twin of it.</param>
    public async Task<(CreatedIngress? Created, ApiError? Error)> ResetPrimary(
        string userId, NewKey key, bool replace, DateTimeOffset arrivedAt, IdempotentRequest request, CancellationToken ct)
    {
        if (await ChannelOf(userId, ct) is not { } channel) return (null, Errors.CreatorAccessRequired);
        await using var turn = await ChannelTurn.TryTake(database, channel, ct);
        if (turn is null) return (null, Errors.IngressChanging);
        if (await suspensions.IsSuspended(userId, ct)) return (null, Errors.Suspended);

        var current = await db.Ingresses.AsNoTracking().SingleOrDefaultAsync(i => i.ChannelId == channel && i.DeletedAt == null && i.IsPrimary, ct);
        if (current?.CreatedAt > arrivedAt) return (null, Errors.IngressChanging);
        if (!replace && await db.Sessions.AnyAsync(s => s.ChannelId == channel && s.MediaEndedAt == null, ct)) return (null, Errors.StreamLive);

        try
        {
            await creation.RemoveUnrecorded(channel);
            if (current is not null) await RemoveWithPredecessor(channel, current.Id, KeyRemoval.Reasons.Reset);
            return await creation.Add(channel, key, request.Claim);
        }
        catch (LiveKitException e)
        {
            return (null, Errors.Of(e.Failure));
        }
    }

    /// <summary>Makes one more key, beside those that are there.</summary>
    public async Task<(CreatedIngress? Created, ApiError? Error)> Add(string userId, NewKey key, IdempotentRequest request, CancellationToken ct)
    {
        if (await ChannelOf(userId, ct) is not { } channel) return (null, Errors.CreatorAccessRequired);
        await using var turn = await ChannelTurn.TryTake(database, channel, ct);
        if (turn is null) return (null, Errors.IngressChanging);
        if (await suspensions.IsSuspended(userId, ct)) return (null, Errors.Suspended);
        if (await db.Ingresses.CountAsync(i => i.ChannelId == channel && i.DeletedAt == null && i.ReplacedById == null, ct) >= Ingress.Most) return (null, Errors.KeyLimit);

        try
        {
            await creation.RemoveUnrecorded(channel);
            return await creation.Add(channel, key, request.Claim);
        }
        catch (LiveKitException e)
        {
            return (null, Errors.Of(e.Failure));
        }
    }

    /// <summary>Makes a key that takes the place, the name and the rank of another.</summary>
    /// <param name="overlap">How long the old one still works; null: as <paramref name="afterStream"/> says.</param>
    /// <param name="afterStream">The old one works until the session that runs on it is over.</param>
    public async Task<(CreatedIngress? Created, ApiError? Error)> Rotate(
        string userId, string ingressId, TimeSpan? overlap, bool afterStream, IdempotentRequest request, CancellationToken ct)
    {
        if (await db.Ingresses.OwnedBy(db, userId).AsNoTracking().SingleOrDefaultAsync(i => i.Id == ingressId, ct) is not { } old) return (null, Errors.IngressNotFound);
        await using var turn = await ChannelTurn.TryTake(database, old.ChannelId, ct);
        if (turn is null) return (null, Errors.IngressChanging);
        if (await suspensions.IsSuspended(userId, ct)) return (null, Errors.Suspended);
        if (old.ReplacedById is not null) return (null, Errors.KeyReplaced);

        var now = time.GetUtcNow();
        var session = afterStream ? await SessionOn(old, now, ct) : null;
        var replaced = new Replacement(old.Id, session is null ? now + (overlap ?? TimeSpan.Zero) : null, session, IsNow: session is null && overlap is null);
        try
        {
            await creation.RemoveUnrecorded(old.ChannelId);
            foreach (var predecessor in await PredecessorsOf(old.Id, ct)) await removal.Remove(old.ChannelId, predecessor, KeyRemoval.Reasons.Replaced, CancellationToken.None);
            var (created, error) = await creation.Add(old.ChannelId, new NewKey(old.Type, old.Label, old.IsPrimary, old.Quality), request.Claim, replaced);
            if (created is not null && replaced.IsNow) await TryRemove(old);
            return (created, error);
        }
        catch (LiveKitException e)
        {
            return (null, Errors.Of(e.Failure));
        }
    }

    /// <summary>The answer of a creation once more: only LiveKit has the key.</summary>
    public async Task<(CreatedIngress? Created, ApiError? Error)> ShowAgain(string userId, string ingressId, CancellationToken ct)
    {
        var ingress = await db.Ingresses.OwnedBy(db, userId).SingleOrDefaultAsync(i => i.Id == ingressId, ct);
        if (ingress is null || await livekit.FindIngress(ingressId, ct) is not { } found) return (null, Errors.IngressNotFound);
        return ingress.IsKey(found.Key) ? (new CreatedIngress(found.Id, found.ServerUrl, found.Key), null) : (null, Errors.LiveKitBadAnswer);
    }

    /// <param name="ingressId">Null: the primary.</param>
    /// <returns>Null when it is deleted.</returns>
    public async Task<ApiError?> Delete(string userId, string? ingressId, CancellationToken ct)
    {
        var current = await db.Ingresses.OwnedBy(db, userId).AsNoTracking().SingleOrDefaultAsync(i => ingressId == null ? i.IsPrimary : i.Id == ingressId, ct);
        if (current is null) return Errors.IngressNotFound;
        await using var turn = await ChannelTurn.TryTake(database, current.ChannelId, ct);
        if (turn is null) return Errors.IngressChanging;

        try
        {
            await creation.RemoveUnrecorded(current.ChannelId);
            await RemoveWithPredecessor(current.ChannelId, current.Id, KeyRemoval.Reasons.ByCreator);
            return null;
        }
        catch (LiveKitException e)
        {
            return Errors.Of(e.Failure);
        }
    }

    /// <summary>
    /// His channel, made if there is none. His approval is locked for it: whoever revokes it either finds the channel, and cuts it off, or has been here first.
    /// </summary>
    /// <returns>Null when his approval was revoked this moment, before he had a channel.</returns>
    private async Task<Guid?> ChannelOf(string userId, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        var made = new Channel(userId, now);
        await db.Database.ExecuteSqlAsync(
            $"""
            with approval as (select 1 from creator_applications where user_id = {userId} and status = 'Approved' for share)
            insert into channels (id, user_id, title, is_chat_enabled, is_chat_delayed, is_chat_followers_only, reconnect_window_seconds, created_at, updated_at)
            select {made.Id}, {userId}, {made.Title}, {made.IsChatEnabled}, {made.IsChatDelayed}, {made.IsChatFollowersOnly}, {made.ReconnectWindowSeconds}, {now}, {now} from approval
            on conflict (user_id) do nothing
            """, ct);
        return await db.Channels.Where(c => c.UserId == userId).Select(c => (Guid?)c.Id).SingleOrDefaultAsync(ct);
    }

    private async Task RemoveWithPredecessor(Guid channel, string ingress, string why)
    {
        foreach (var predecessor in await PredecessorsOf(ingress, CancellationToken.None)) await removal.Remove(channel, predecessor, why, CancellationToken.None);
        await removal.Remove(channel, ingress, why, CancellationToken.None);
    }

    /// <summary>Keys whose place it took and which still work.</summary>
    private Task<List<string>> PredecessorsOf(string ingress, CancellationToken ct) =>
        db.Ingresses.Where(i => i.ReplacedById == ingress && i.DeletedAt == null).Select(i => i.Id).ToListAsync(ct);

    private Task<Guid?> SessionOn(Ingress key, DateTimeOffset now, CancellationToken ct) =>
        db.Sessions.Where(s => s.ChannelId == key.ChannelId && (s.MediaEndedAt == null || s.ReconnectUntil > now)
            && db.IngestSegments.Any(g => g.SessionId == s.Id && g.IngressId == key.Id)).OrderByDescending(s => s.StartedAt).Select(s => (Guid?)s.Id).FirstOrDefaultAsync(ct);

    /// <summary>The new key is made and recorded, and the session has ended: what LiveKit does not do now, the worker has it do within seconds of its return.</summary>
    private async Task TryRemove(Ingress old)
    {
        try
        {
            await removal.Remove(old.ChannelId, old.Id, KeyRemoval.Reasons.Replaced, CancellationToken.None);
        }
        catch (LiveKitException)
        {
            // Said by LiveKitApi, and by the answer.
        }
    }
}
