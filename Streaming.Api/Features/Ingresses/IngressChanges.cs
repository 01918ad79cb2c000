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
/// Makes and deletes a channel's ingress: LiveKit first, since it alone can revoke a key, then our record of it. One change of a
/// channel at a time; once LiveKit has been asked to change something, the caller's going away stops nothing.
/// </summary>
public sealed partial class IngressChanges(StreamingDb db, NpgsqlDataSource database, Suspensions suspensions, LiveKitApi livekit, TimeProvider time, ILogger<IngressChanges> log)
{
    /// <param name="replace">Whether a running broadcast may be cut off.</param>
    /// <param name="request">With an Idempotency-Key, what is made is kept under it.</param>
    /// <param name="arrivedAt">When the request came: an ingress younger than that was made by a twin of it.</param>
    public async Task<(CreatedIngress? Created, ApiError? Error)> Create(string userId, IngressType type, bool replace, DateTimeOffset arrivedAt, IdempotentRequest request, CancellationToken ct)
    {
        var channel = await ChannelOf(userId, ct);
        await using var turn = await ChannelTurn.TryTake(database, channel, ct);
        if (turn is null) return (null, Errors.IngressChanging);
        if (await suspensions.IsSuspended(userId, ct)) return (null, Errors.Suspended);

        var current = await db.Ingresses.SingleOrDefaultAsync(i => i.ChannelId == channel && i.DeletedAt == null, ct);
        if (current?.CreatedAt > arrivedAt) return (null, Errors.IngressChanging);
        if (!replace && await db.Sessions.AnyAsync(s => s.ChannelId == channel && s.MediaEndedAt == null, ct)) return (null, Errors.StreamLive);

        try
        {
            await Remove(channel, current);
            return await Add(channel, type, request.Claim) is { } created ? (created, null) : (null, Errors.IngressChanging);
        }
        catch (LiveKitException e)
        {
            return (null, Errors.Of(e.Failure));
        }
    }

    /// <summary>The answer of a creation once more: only LiveKit has the key.</summary>
    public async Task<(CreatedIngress? Created, ApiError? Error)> ShowAgain(string userId, string ingressId, CancellationToken ct)
    {
        var ingress = await db.Ingresses.SingleOrDefaultAsync(i => i.Id == ingressId && i.DeletedAt == null && db.Channels.Any(c => c.Id == i.ChannelId && c.UserId == userId), ct);
        if (ingress is null || await livekit.FindIngress(ingressId, ct) is not { } found) return (null, Errors.IngressNotFound);
        return ingress.IsKey(found.Key) ? (new CreatedIngress(found.Id, found.ServerUrl, found.Key), null) : (null, Errors.LiveKitBadAnswer);
    }

    /// <returns>Null when it is deleted.</returns>
    public async Task<ApiError?> Delete(string userId, CancellationToken ct)
    {
        var current = await db.Ingresses.SingleOrDefaultAsync(i => i.DeletedAt == null && db.Channels.Any(c => c.Id == i.ChannelId && c.UserId == userId), ct);
        if (current is null) return Errors.IngressNotFound;
        await using var turn = await ChannelTurn.TryTake(database, current.ChannelId, ct);
        if (turn is null) return Errors.IngressChanging;

        try
        {
            await Remove(current.ChannelId, current);
            return null;
        }
        catch (LiveKitException e)
        {
            return Errors.Of(e.Failure);
        }
    }

    private async Task<Guid> ChannelOf(string userId, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        var made = new Channel(userId, now);
        await db.Database.ExecuteSqlAsync(
            $"""
            insert into channels (id, user_id, title, is_chat_enabled, is_chat_delayed, is_chat_followers_only, reconnect_window_seconds, created_at, updated_at)
            values ({made.Id}, {userId}, {made.Title}, {made.IsChatEnabled}, {made.IsChatDelayed}, {made.IsChatFollowersOnly}, {made.ReconnectWindowSeconds}, {now}, {now})
            on conflict (user_id) do nothing
            """, ct);
        return await db.Channels.Where(c => c.UserId == userId).Select(c => c.Id).SingleAsync(ct);
    }

    /// <summary>Deletes whatever publishes into the channel's room, and so also what an earlier change left half done.</summary>
    private async Task Remove(Guid channel, Ingress? current)
    {
        var ids = (await livekit.ListIngresses(channel, CancellationToken.None)).ToHashSet();
        if (current is not null) ids.Add(current.Id);
        foreach (var id in ids)
        {
            await livekit.DeleteIngress(id, CancellationToken.None);
            await livekit.RemovePublisher(channel, id, CancellationToken.None); // after a refused connection LiveKit takes the ingress for broken, and deleting it leaves the publisher on the air
        }

        if (current is null) return;

        // LiveKit may send no ingress_ended for a deleted ingress: the session ends in the transaction that deletes it.
        await using var transaction = await db.Database.BeginTransactionAsync();
        var connection = (NpgsqlConnection)db.Database.GetDbConnection();
        var windows = await SessionWrites.LockChannels(connection, [channel], CancellationToken.None);
        current.Delete(time.GetUtcNow());
        await db.SaveChangesAsync();
        var cause = new Cause(ChangeCause.Api, new Dictionary<Guid, string> { [channel] = current.Id });
        await SessionWrites.DeriveDeleted(connection, windows, [current.Id], cause, CancellationToken.None);
        await transaction.CommitAsync();
        Log.Deleted(log, current.Id, channel);
    }

    /// <returns>Null when the request was given to another attempt meanwhile, and the ingress taken back.</returns>
    private async Task<CreatedIngress?> Add(Guid channel, IngressType type, RequestClaim? claim)
    {
        CreatedIngress created;
        try
        {
            created = await livekit.CreateIngress(channel, type, CancellationToken.None);
        }
        catch (LiveKitException)
        {
            await TakeBack(channel); // whatever LiveKit said, it may exist, with a key that nobody has seen
            throw;
        }

        try
        {
            await using var transaction = await db.Database.BeginTransactionAsync();
            db.Ingresses.Add(new Ingress(created.Id, channel, type, created.Key, time.GetUtcNow()));
            await db.SaveChangesAsync();
            var isOurs = claim is null || await RememberedRequests.Complete((NpgsqlConnection)db.Database.GetDbConnection(), claim, created.Id, CancellationToken.None);
            if (isOurs) await transaction.CommitAsync();
            else
            {
                await transaction.RollbackAsync();
                await TakeBack(channel, created.Id);
                return null;
            }
        }
        catch (Exception)
        {
            await TakeBack(channel, created.Id); // and no other: if Postgres restarted, somebody else may have had his turn
            throw;
        }

        Log.Created(log, created.Id, channel);
        return created;
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

        [LoggerMessage(Level = LogLevel.Information, Message = "Deleted ingress {IngressId} of channel {ChannelId}")]
        public static partial void Deleted(ILogger logger, string ingressId, Guid channelId);

        [LoggerMessage(Level = LogLevel.Error, Message = "An ingress of channel {ChannelId} may be left in LiveKit ({Failure})")]
        public static partial void LeftBehind(ILogger logger, Guid channelId, string failure);
    }
}
