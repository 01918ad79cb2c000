using Microsoft.EntityFrameworkCore;
using Npgsql;
using Streaming.Core.Administration;
using Streaming.Core.Data;
using Streaming.Core.LiveKit;
using Streaming.Core.LiveUpdates;
using Streaming.Core.Sessions;
using Streaming.Core.Streams;

namespace Streaming.Api.Features.Suspending;

/// <summary>
/// Suspends and unsuspends creators. The record comes first, with the end of the session in one transaction, and holds whatever LiveKit
/// does; LiveKit is made to follow at once if it can be reached, and by the worker if not.
/// </summary>
public sealed partial class SuspensionChanges(StreamingDb db, OffAir offAir, KeyEnforcement keys, LiveKitApi livekit, TimeProvider time, ILogger<SuspensionChanges> log)
{
    /// <returns>No suspension when there is no such user; and whether LiveKit has followed.</returns>
    public async Task<(Suspension? Made, bool Enforced)> Suspend(string userId, string reason, DateTimeOffset? until, string by)
    {
        await using var transaction = await db.Database.BeginTransactionAsync();
        if (!await LockUser(userId)) return (null, false);
        var now = time.GetUtcNow();
        var suspension = new Suspension(userId, reason, by, now, until);
        await LiftAll(userId, by, now);
        db.Suspensions.Add(suspension);
        db.Append(new AdminAuditEntry(by, AdminAct.ChannelSuspended, userId, reason, before: null, after: new { until }, now));
        db.Append(Update.ToUser(userId, UpdateTypes.ChannelSuspended, new { reason, until }));
        await db.SaveChangesAsync();
        var channel = await ChannelOf(userId);
        if (channel is { } cut) await Cutoffs.Cut(Connection, cut, new CutOrder(EndReasons.Suspended, ChangeCause.Api, now, suspension.Until), CancellationToken.None);
        await transaction.CommitAsync();
        Log.Suspended(log, suspension.Id, channel);
        return (suspension, channel is not { } off || await Close(off));
    }

    /// <returns>Whether LiveKit has followed; null when there is no such user.</returns>
    public async Task<bool?> Lift(string userId, string by)
    {
        await using var transaction = await db.Database.BeginTransactionAsync();
        if (!await LockUser(userId)) return null;
        var now = time.GetUtcNow();
        if (await LiftAll(userId, by, now))
        {
            db.Append(new AdminAuditEntry(by, AdminAct.ChannelUnsuspended, userId, reason: null, before: null, after: null, now));
            db.Append(Update.ToUser(userId, UpdateTypes.ChannelUnsuspended, new { at = now }));
        }
        await db.SaveChangesAsync();
        await transaction.CommitAsync();
        if (await ChannelOf(userId) is not { } channel) return true;
        Log.Lifted(log, channel);
        return await keys.Enforce(channel, CancellationToken.None);
    }

    private NpgsqlConnection Connection => (NpgsqlConnection)db.Database.GetDbConnection();

    /// <summary>Two administrators who act on one user wait for each other.</summary>
    private async Task<bool> LockUser(string userId) =>
        (await db.Database.SqlQuery<string>($"""select id as "Value" from users where id = {userId} for no key update""").ToListAsync()).Count > 0;

    /// <returns>Whether there was anything to lift.</returns>
    private async Task<bool> LiftAll(string userId, string by, DateTimeOffset now)
    {
        var former = await db.Suspensions.Where(s => s.UserId == userId && s.LiftedAt == null).ToListAsync();
        foreach (var suspension in former) suspension.Lift(by, now);
        if (await ChannelOf(userId) is { } channel) await Cutoffs.LiftSuspension(Connection, channel, now, CancellationToken.None);
        return former.Count > 0;
    }

    private Task<Guid?> ChannelOf(string userId) => db.Channels.OwnedBy(userId).Select(c => (Guid?)c.Id).SingleOrDefaultAsync();

    /// <summary>Whoever published is removed before the room is closed for everybody, so that he is gone even if it cannot be.</summary>
    private async Task<bool> Close(Guid channel)
    {
        var isOff = await offAir.TryEnforce(channel, CancellationToken.None);
        return await IsClosed(channel) && isOff;
    }

    private async Task<bool> IsClosed(Guid channel)
    {
        try
        {
            await livekit.DeleteRoom(channel, CancellationToken.None);
            return true;
        }
        catch (LiveKitException)
        {
            return false;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Suspension {SuspensionId} began; channel {ChannelId} is off the air")]
        public static partial void Suspended(ILogger logger, Guid suspensionId, Guid? channelId);

        [LoggerMessage(Level = LogLevel.Warning, Message = "The suspension of channel {ChannelId} was lifted")]
        public static partial void Lifted(ILogger logger, Guid channelId);
    }
}
