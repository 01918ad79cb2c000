using Npgsql;
using Streaming.Core.Streams;

namespace Streaming.Core.Sessions;

/// <summary>Takes channels off the air: in our records at once, whatever LiveKit says or fails to; see <see cref="Cutoff"/>.</summary>
public sealed class Cutoffs(NpgsqlDataSource database)
{
    /// <summary>Writes it and what follows from it, in one transaction.</summary>
    public async Task<CutMade> Cut(Guid channel, CutOrder order, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var cut = await Cut(connection, channel, order, ct);
        await transaction.CommitAsync(ct);
        return cut;
    }

    /// <summary>The same within the caller's transaction.</summary>
    public static async Task<CutMade> Cut(NpgsqlConnection connection, Guid channel, CutOrder order, CancellationToken ct)
    {
        var windows = await SessionWrites.LockChannels(connection, [channel], ct);
        // Not before what is on the air began, should LiveKit's clock be ahead of ours.
        await using var write = new NpgsqlCommand(
            """
            insert into cutoffs (id, channel_id, at, reason, off_until, note)
            select @id, @channel, at, @reason, greatest(at, @until), @note
            from (select greatest(@at, max(began_at)) as at from ingest_segments where channel_id = @channel and began_at is not null and ended_at is null) latest
            returning at, off_until
            """, connection);
        var id = Guid.CreateVersion7(order.At);
        write.Parameters.AddWithValue("id", id);
        write.Parameters.AddWithValue("channel", channel);
        write.Parameters.AddWithValue("at", order.At);
        write.Parameters.AddWithValue("reason", order.Reason);
        write.Parameters.AddWithValue("until", order.OffUntil);
        write.Parameters.AddWithValue("note", (object?)order.Note ?? DBNull.Value);
        CutMade cut;
        await using (var row = await write.ExecuteReaderAsync(ct))
        {
            await row.ReadAsync(ct);
            cut = new CutMade(id, channel, row.GetFieldValue<DateTimeOffset>(0), row.GetFieldValue<DateTimeOffset>(1));
        }

        if (cut.OffUntil > order.At)
            await IngressHolds.Hold(connection, channel, null, order.Hold, cut.OffUntil == DateTimeOffset.MaxValue ? null : cut.OffUntil, ct);
        await SessionWrites.DeriveCut(connection, windows, [id], new Cause(order.Cause, new Dictionary<Guid, string> { [channel] = $"{id}" }), ct);
        if (order.Reason == EndReasons.KeyContested) await HoldContested(connection, channel, ct);
        return cut;
    }

    /// <summary>The keys that publishers fought over do not work until the creator enables them again.</summary>
    private static async Task HoldContested(NpgsqlConnection connection, Guid channel, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(
            """
            select distinct i.id from ingresses i
            join ingest_segments s on s.ingress_id = i.id
            join sessions x on x.id = s.session_id
            where i.channel_id = @channel and i.deleted_at is null and x.end_reason = @contested and s.ended_at >= x.contested_at - @within
            """, connection);
        command.Parameters.AddWithValue("channel", channel);
        command.Parameters.AddWithValue("contested", EndReasons.KeyContested);
        command.Parameters.AddWithValue("within", Contest.Within);
        var keys = new List<string>();
        await using (var row = await command.ExecuteReaderAsync(ct))
            while (await row.ReadAsync(ct)) keys.Add(row.GetString(0));
        foreach (var key in keys) await IngressHolds.Hold(connection, channel, key, HoldReason.Contested, until: null, ct);
    }

    /// <summary>A suspended channel may go on the air again from this moment on; what was refused stays so.</summary>
    public static Task LiftSuspension(NpgsqlConnection connection, Guid channel, DateTimeOffset at, CancellationToken ct) => Lift(connection, channel, EndReasons.Suspended, at, ct);

    /// <summary>The same for the channel of a creator who is approved again.</summary>
    public static Task LiftRevocation(NpgsqlConnection connection, Guid channel, DateTimeOffset at, CancellationToken ct) => Lift(connection, channel, EndReasons.Revoked, at, ct);

    private static async Task Lift(NpgsqlConnection connection, Guid channel, string reason, DateTimeOffset at, CancellationToken ct)
    {
        await using var write = new NpgsqlCommand("update cutoffs set off_until = greatest(at, @at) where channel_id = @channel and reason = @reason and off_until > @at", connection);
        write.Parameters.AddWithValue("channel", channel);
        write.Parameters.AddWithValue("reason", reason);
        write.Parameters.AddWithValue("at", at);
        await write.ExecuteNonQueryAsync(ct);
        await IngressHolds.Lift(connection, channel, null, CutOrder.HoldOf(reason), ct);
    }

    /// <summary>Until when a channel is kept off the air, and why; null when it may go live.</summary>
    public async Task<(DateTimeOffset Until, string Reason)?> OffAir(Guid channel, DateTimeOffset now, CancellationToken ct)
    {
        await using var command = database.CreateCommand("select off_until, reason from cutoffs where channel_id = @channel and off_until > @now order by off_until desc limit 1");
        command.Parameters.AddWithValue("channel", channel);
        command.Parameters.AddWithValue("now", now);
        await using var row = await command.ExecuteReaderAsync(ct);
        return await row.ReadAsync(ct) ? (row.GetFieldValue<DateTimeOffset>(0), row.GetString(1)) : null;
    }

    /// <summary>Channels on which nobody may publish now, or from which LiveKit has not yet been made to remove who did; the latter are new.</summary>
    public async Task<IReadOnlyDictionary<Guid, bool>> ToEnforce(DateTimeOffset now, CancellationToken ct)
    {
        await using var command = database.CreateCommand(
            "select channel_id, bool_or(enforced_at is null) from cutoffs where off_until > @now or enforced_at is null group by channel_id");
        command.Parameters.AddWithValue("now", now);
        var channels = new Dictionary<Guid, bool>();
        await using var row = await command.ExecuteReaderAsync(ct);
        while (await row.ReadAsync(ct)) channels.Add(row.GetGuid(0), row.GetBoolean(1));
        return channels;
    }

    /// <summary>LiveKit was seen without a publisher on this channel, at a look that began at this moment.</summary>
    public async Task Enforced(Guid channel, DateTimeOffset asOf, CancellationToken ct)
    {
        await using var command = database.CreateCommand("update cutoffs set enforced_at = greatest(at, @at) where channel_id = @channel and enforced_at is null and at <= @at");
        command.Parameters.AddWithValue("channel", channel);
        command.Parameters.AddWithValue("at", asOf);
        await command.ExecuteNonQueryAsync(ct);
    }
}

/// <summary>Why and for how long.</summary>
/// <param name="Reason">One of <see cref="EndReasons"/>.</param>
/// <param name="OffUntil">Until when nobody may publish; <see cref="DateTimeOffset.MaxValue"/> for no end.</param>
public sealed record CutOrder(string Reason, ChangeCause Cause, DateTimeOffset At, DateTimeOffset OffUntil, string? Note = null)
{
    /// <summary>What keeps the channel's keys from working meanwhile.</summary>
    internal HoldReason Hold => HoldOf(Reason);

    internal static HoldReason HoldOf(string reason) => reason switch
    {
        EndReasons.Suspended => HoldReason.Suspended,
        EndReasons.Revoked => HoldReason.Revoked,
        _ => HoldReason.Ended,
    };
}

/// <summary>What was written.</summary>
/// <param name="At">The moment at which everything ended.</param>
public sealed record CutMade(Guid Id, Guid ChannelId, DateTimeOffset At, DateTimeOffset OffUntil);
