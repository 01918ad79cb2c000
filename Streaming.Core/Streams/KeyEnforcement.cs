using Microsoft.Extensions.Logging;
using Npgsql;
using Streaming.Core.LiveKit;

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

    /// <summary>Between streams only: an update cuts off whoever publishes.</summary>
    private const string QualityDue =
        """
        select i.channel_id, i.id, i.type, i.quality from ingresses i
        where i.deleted_at is null and i.live_kit_quality is distinct from i.quality and (@channel::uuid is null or i.channel_id = @channel)
          and not exists (select from sessions x where x.channel_id = i.channel_id and (x.media_ended_at is null or x.reconnect_until > now()))
        order by i.channel_id, i.id
        """;

    /// <summary>To be called after a hold was placed or lifted, or a quality chosen, and its transaction committed.</summary>
    /// <returns>Whether LiveKit now is as wanted. If not, the worker's leader sees to it.</returns>
    public async Task<bool> Enforce(Guid channel, CancellationToken ct)
    {
        await using var turn = await ChannelTurn.TryTake(database, channel, ct);
        if (turn is null) return false;
        try
        {
            await ApplyAll(channel, ct);
            return true;
        }
        catch (LiveKitException)
        {
            return false; // said by LiveKitApi
        }
    }

    /// <summary>Every key that differs.</summary>
    /// <exception cref="LiveKitException">LiveKit cannot be told: the rest waits too.</exception>
    public async Task EnforceDue(CancellationToken ct)
    {
        var held = (await Read(channel: null, ct)).Select(d => d.Channel);
        foreach (var channel in held.Union((await ReadQualities(channel: null, ct)).Select(d => d.Channel)))
        {
            await using var turn = await ChannelTurn.TryTake(database, channel, ct);
            if (turn is not null) await ApplyAll(channel, ct); // else whoever has it may be about to do the same
        }
    }

    private async Task ApplyAll(Guid channel, CancellationToken ct)
    {
        foreach (var (_, ingress, enabled) in await Read(channel, ct)) await Apply(channel, ingress, enabled, ct);
        foreach (var (_, ingress, type, quality) in await ReadQualities(channel, ct)) await Apply(channel, ingress, type, quality, ct);
    }

    /// <summary>LiveKit is asked first: an update of a key that is as wanted would cut off whoever publishes with it.</summary>
    private async Task Apply(Guid channel, string ingress, bool enabled, CancellationToken ct)
    {
        await Record(ingress, enabled: null, ct);
        if (await livekit.FindIngress(ingress, ct) is { } found && found.IsEnabled != enabled) await livekit.SetIngressEnabled(ingress, enabled, ct);
        if (!enabled) await livekit.RemovePublisher(channel, ingress, ct); // after a refused connection LiveKit takes the key for broken and leaves its publisher on the air
        await Record(ingress, enabled, ct);
        Log.Enforced(log, ingress, channel, enabled);
    }

    private async Task Apply(Guid channel, string ingress, IngressType type, KeyQuality quality, CancellationToken ct)
    {
        if ((await livekit.ListParticipants(channel, ct)).Any(p => p.IngressId == ingress)) return; // live, though no webhook has told so yet
        await Record(ingress, quality: null, ct);
        await livekit.SetIngressQuality(ingress, type, quality, ct);
        await Record(ingress, quality, ct);
    }

    private async Task Record(string ingress, KeyQuality? quality, CancellationToken ct)
    {
        await using var command = database.CreateCommand("update ingresses set live_kit_quality = @quality where id = @id");
        command.Parameters.AddWithValue("id", ingress);
        command.Parameters.Add(new NpgsqlParameter<string?>("quality", quality?.ToString()));
        await command.ExecuteNonQueryAsync(ct);
    }

    private async Task<IReadOnlyList<(Guid Channel, string Ingress, IngressType Type, KeyQuality Quality)>> ReadQualities(Guid? channel, CancellationToken ct)
    {
        await using var command = database.CreateCommand(QualityDue);
        command.Parameters.Add(new NpgsqlParameter<Guid?>("channel", channel));
        var due = new List<(Guid, string, IngressType, KeyQuality)>();
        await using var row = await command.ExecuteReaderAsync(ct);
        while (await row.ReadAsync(ct)) due.Add((row.GetGuid(0), row.GetString(1), Enum.Parse<IngressType>(row.GetString(2)), Enum.Parse<KeyQuality>(row.GetString(3))));
        return due;
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
