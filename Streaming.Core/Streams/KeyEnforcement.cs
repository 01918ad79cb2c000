using Microsoft.Extensions.Logging;
using Npgsql;
using Streaming.Core.LiveKit;
using Streaming.Core.Sessions;

namespace Streaming.Core.Streams;

/// <summary>
/// Brings LiveKit in line with what is wanted: a key works there if and only if nothing holds it (<see cref="IngressHolds"/>). What LiveKit was
/// last known to be told is kept with the key, and forgotten before LiveKit is told otherwise: a crash in between is looked at again.
/// </summary>
public sealed partial class KeyEnforcement(NpgsqlDataSource database, LiveKitApi livekit, ILogger<KeyEnforcement> log)
{
    /// <summary>Those that may differ are few: the keys that do not work, and those of channels with a hold.</summary>
    private const string Due =
        $"""
         with suspects as (
             select id from ingresses where deleted_at is null and is_enabled is distinct from true
             union
             select i.id from ingress_holds h join ingresses i on i.channel_id = h.channel_id where i.deleted_at is null)
         select i.channel_id, i.id, not {IngressHolds.IsHeld} from ingresses i join suspects using (id)
         where i.is_enabled is distinct from not {IngressHolds.IsHeld} and (@channel::uuid is null or i.channel_id = @channel)
         order by i.channel_id, i.id
         """;

    /// <summary>To be called after a hold was placed or lifted, and its transaction committed.</summary>
    /// <returns>Whether LiveKit now is as wanted. If not, the worker's leader sees to it.</returns>
    public async Task<bool> Enforce(Guid channel, CancellationToken ct)
    {
        await using var turn = await ChannelTurn.TryTake(database, channel, ct);
        if (turn is null) return false;
        foreach (var (_, ingress, enabled) in await Read(channel, ct))
        {
            try
            {
                await Apply(channel, ingress, enabled, ct);
            }
            catch (LiveKitException)
            {
                return false; // said by LiveKitApi
            }
        }

        return true;
    }

    /// <summary>Every key that differs.</summary>
    /// <exception cref="LiveKitException">LiveKit cannot be told: the rest waits too.</exception>
    public async Task EnforceDue(CancellationToken ct)
    {
        foreach (var channel in (await Read(channel: null, ct)).Select(d => d.Channel).Distinct())
        {
            await using var turn = await ChannelTurn.TryTake(database, channel, ct);
            if (turn is null) continue; // whoever has it may be about to do the same
            foreach (var (_, ingress, enabled) in await Read(channel, ct)) await Apply(channel, ingress, enabled, ct);
        }
    }

    /// <summary>LiveKit is asked first: an update of a key that is as wanted would cut off whoever publishes with it.</summary>
    private async Task Apply(Guid channel, string ingress, bool enabled, CancellationToken ct)
    {
        await Record(ingress, null, ct);
        if (await livekit.FindIngress(ingress, ct) is { } found && found.IsEnabled != enabled) await livekit.SetIngressEnabled(ingress, enabled, ct);
        if (!enabled) await livekit.RemovePublisher(channel, ingress, ct); // after a refused connection LiveKit takes the key for broken and leaves its publisher on the air
        await Record(ingress, enabled, ct);
        Log.Enforced(log, ingress, channel, enabled);
    }

    private async Task Record(string ingress, bool? enabled, CancellationToken ct)
    {
        await using var command = database.CreateCommand("update ingresses set is_enabled = @enabled where id = @id");
        command.Parameters.AddWithValue("id", ingress);
        command.Parameters.Add(new NpgsqlParameter<bool?>("enabled", enabled));
        await command.ExecuteNonQueryAsync(ct);
    }

    private async Task<IReadOnlyList<(Guid Channel, string Ingress, bool Enabled)>> Read(Guid? channel, CancellationToken ct)
    {
        await using var command = database.CreateCommand(Due);
        command.Parameters.Add(new NpgsqlParameter<Guid?>("channel", channel));
        var due = new List<(Guid, string, bool)>();
        await using var row = await command.ExecuteReaderAsync(ct);
        while (await row.ReadAsync(ct)) due.Add((row.GetGuid(0), row.GetString(1), row.GetBoolean(2)));
        return due;
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Ingress {IngressId} of channel {ChannelId} is let in by LiveKit: {Enabled}")]
        public static partial void Enforced(ILogger logger, string ingressId, Guid channelId, bool enabled);
    }
}
