using Microsoft.Extensions.Logging;
using Npgsql;
using Streaming.Core.LiveKit;
using Streaming.Core.Sessions;

namespace Streaming.Core.Streams;

/// <summary>Deletes a key: in LiveKit first, since it alone can revoke it, then in our records. The caller has the channel's turn.</summary>
public sealed partial class KeyRemoval(NpgsqlDataSource database, LiveKitApi livekit, ILogger<KeyRemoval> log)
{
    /// <summary>Those that are due by the clock, or because the session that they were kept for is over.</summary>
    private const string Due =
        """
        select i.channel_id, i.id from ingresses i
        where i.deleted_at is null and i.replaced_by_id is not null
          and (i.retires_at <= now()
               or i.retires_with_session is not null and not exists (
                   select from sessions x where x.channel_id = i.channel_id and (x.media_ended_at is null or x.reconnect_until > now())
                     -- a session that later facts made a part of another: then whichever runs
                     and (x.id = i.retires_with_session or not exists (select from sessions gone where gone.id = i.retires_with_session))))
        order by i.channel_id
        """;

    /// <param name="why">For the ledger.</param>
    public async Task Remove(Guid channel, string ingress, string why, CancellationToken ct)
    {
        await livekit.DeleteIngress(ingress, ct);
        await livekit.RemovePublisher(channel, ingress, ct); // after a refused connection LiveKit takes the ingress for broken, and deleting it leaves the publisher on the air

        // LiveKit may send no ingress_ended for a deleted ingress: the session ends in the transaction that deletes it.
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var windows = await SessionWrites.LockChannels(connection, [channel], ct);
        await using var delete = new NpgsqlCommand("update ingresses set deleted_at = now() where id = @id and channel_id = @channel and deleted_at is null", connection);
        delete.Parameters.AddWithValue("id", ingress);
        delete.Parameters.AddWithValue("channel", channel);
        if (await delete.ExecuteNonQueryAsync(ct) == 0) return;
        var cause = new Cause(ChangeCause.Api, new Dictionary<Guid, string> { [channel] = ingress });
        await SessionWrites.DeriveDeleted(connection, windows, [ingress], cause, ct);
        await KeyLedger.Append(connection, channel, [new LedgerLine(KeyEvent.Deleted, ingress) { Detail = why }], ct);
        await transaction.CommitAsync(ct);
        Log.Deleted(log, ingress, channel);
    }

    /// <summary>Deletes the keys that others have replaced, when their time has come.</summary>
    public async Task RemoveReplaced(CancellationToken ct)
    {
        var due = new List<(Guid Channel, string Ingress)>();
        await using (var command = database.CreateCommand(Due))
        await using (var row = await command.ExecuteReaderAsync(ct))
            while (await row.ReadAsync(ct)) due.Add((row.GetGuid(0), row.GetString(1)));
        foreach (var (channel, ingress) in due)
        {
            await using var turn = await ChannelTurn.TryTake(database, channel, ct);
            if (turn is not null) await Remove(channel, ingress, Reasons.Replaced, ct);
        }
    }

    /// <summary>Why a key was deleted, in the ledger.</summary>
    public static class Reasons
    {
        public const string ByCreator = "by_creator";
        public const string Reset = "reset";
        public const string Replaced = "replaced";
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Deleted ingress {IngressId} of channel {ChannelId}")]
        public static partial void Deleted(ILogger logger, string ingressId, Guid channelId);
    }
}
