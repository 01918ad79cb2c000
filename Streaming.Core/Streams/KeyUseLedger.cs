using Npgsql;
using Streaming.Core.Health;
using Streaming.Core.LiveKit;
using Streaming.Core.Sessions;

namespace Streaming.Core.Streams;

/// <summary>
/// Writes into the ledger what encoders did with keys. It is read from the ingest segments afterwards, so that applying a webhook costs nothing more; facts
/// that come later and say otherwise are one more entry, never a change of one.
/// </summary>
public sealed class KeyUseLedger(NpgsqlDataSource database)
{
    /// <summary>No more at once: a heap of events is applied first, in the same channels, and what it says of keys is written down by and by.</summary>
    private const int Piece = 100, Pieces = 5;

    /// <returns>How many entries were written.</returns>
    public async Task<int> Write(CancellationToken ct)
    {
        var written = 0;
        for (var piece = 0; piece < Pieces; piece++)
        {
            await using var connection = await database.OpenConnectionAsync(ct);
            await using var transaction = await connection.BeginTransactionAsync(ct);
            var channels = await SessionWrites.TryLockChannels(connection, await SessionWrites.UnledgeredChannels(connection, Piece, ct), ct); // first of all, as everybody does who writes about a channel: so nobody waits in a circle
            if (channels.Length == 0) return written;
            var uses = await SessionWrites.TakeUnledgered(connection, channels, Piece, ct);
            var last = await LastEntries(connection, [.. uses.Where(u => u.Was is not null).Select(u => u.ResourceId)], ct);
            foreach (var channel in uses.GroupBy(u => u.ChannelId).OrderBy(g => g.Key))
            {
                var lines = channel.OrderBy(u => u.BeganAt ?? u.EndedAt).SelectMany(u => Lines(u, last)).ToList();
                await KeyLedger.Append(connection, channel.Key, lines, ct);
                written += lines.Count;
            }

            await transaction.CommitAsync(ct);
            if (uses.Count < Piece) break;
        }

        return written;
    }

    /// <summary>Writes down what encoders send, once for each connection; one of a kind that is new to the key is told in its session's timeline too.</summary>
    /// <param name="looks">At connections that are on the air, and old enough for LiveKit to have looked into them.</param>
    public async Task WriteInputs(IReadOnlyCollection<(EncoderOnAir Encoder, IngressLook Look)> looks, CancellationToken ct)
    {
        var inputs = looks.Select(l => (l.Encoder, Profile: EncoderProfile.Of(l.Look))).Where(i => i.Profile is not null).ToList();
        if (inputs.Count == 0) return;
        var written = await Inputs(inputs, ct);
        foreach (var (encoder, profile) in inputs.Where(i => !written.Contains((i.Encoder.IngressId, i.Encoder.ResourceId))))
        {
            var isNew = written.Add((encoder.IngressId, profile!));
            await using var connection = await database.OpenConnectionAsync(ct);
            await using var transaction = await connection.BeginTransactionAsync(ct);
            await SessionWrites.LockChannels(connection, [encoder.ChannelId], ct);
            await KeyLedger.Append(
                connection, encoder.ChannelId,
                [new LedgerLine(isNew ? KeyEvent.NewEncoder : KeyEvent.Input, encoder.IngressId) { Resource = encoder.ResourceId, HappenedAt = encoder.BeganAt, Detail = profile }], ct);
            if (isNew) await Tell(connection, encoder, profile!, ct);
            await transaction.CommitAsync(ct);
        }
    }

    /// <summary>What the keys' ledgers have of these: their connections, and every profile.</summary>
    private async Task<HashSet<(string Ingress, string ResourceOrProfile)>> Inputs(IReadOnlyCollection<(EncoderOnAir Encoder, string? Profile)> inputs, CancellationToken ct)
    {
        await using var command = database.CreateCommand(
            """
            select ingress_id, resource_id, detail from key_ledger
            where ingress_id = any(@ingresses) and kind in ('Input', 'NewEncoder') and (resource_id = any(@resources) or detail = any(@profiles))
            """);
        command.Parameters.AddWithValue("ingresses", inputs.Select(i => i.Encoder.IngressId).Distinct().ToArray());
        command.Parameters.AddWithValue("resources", inputs.Select(i => i.Encoder.ResourceId).ToArray());
        command.Parameters.AddWithValue("profiles", inputs.Select(i => i.Profile!).ToArray());
        var known = new HashSet<(string, string)>();
        await using var row = await command.ExecuteReaderAsync(ct);
        while (await row.ReadAsync(ct))
        {
            known.Add((row.GetString(0), row.GetString(1)));
            known.Add((row.GetString(0), row.GetString(2)));
        }

        return known;
    }

    private static async Task Tell(NpgsqlConnection connection, EncoderOnAir encoder, string profile, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(
            "insert into timeline (channel_id, session_id, transition, at, reason, cause, evidence) values (@channel, @session, 'NewEncoder', @at, @profile, 'Rule', @resource)", connection);
        command.Parameters.AddWithValue("channel", encoder.ChannelId);
        command.Parameters.AddWithValue("session", encoder.SessionId);
        command.Parameters.AddWithValue("at", encoder.BeganAt);
        command.Parameters.AddWithValue("profile", profile);
        command.Parameters.AddWithValue("resource", encoder.ResourceId);
        await command.ExecuteNonQueryAsync(ct);
    }

    private static IEnumerable<LedgerLine> Lines(UnledgeredUse use, Dictionary<string, long> last)
    {
        var line = new LedgerLine(KeyEvent.Accepted, use.IngressId) { Resource = use.ResourceId, HappenedAt = use.BeganAt };
        var corrects = use.Was is null ? (long?)null : last.GetValueOrDefault(use.ResourceId);
        var taken = line with { Kind = KeyEvent.TakenOver, HappenedAt = use.EndedAt };
        return (use.Was, use.Is) switch
        {
            (_, UseOutcome.Refused) => [line with { Kind = KeyEvent.Refused, HappenedAt = use.EndedAt, Detail = use.Failure, Corrects = corrects }],
            (UseOutcome.Accepted, UseOutcome.TakenOver) => [taken],
            (_, UseOutcome.TakenOver) => [line with { Corrects = corrects }, taken],
            _ => [line with { Corrects = corrects }],
        };
    }

    private static async Task<Dictionary<string, long>> LastEntries(NpgsqlConnection connection, string[] resources, CancellationToken ct)
    {
        var last = new Dictionary<string, long>();
        if (resources.Length == 0) return last;
        await using var command = new NpgsqlCommand("select resource_id, max(sequence) from key_ledger where resource_id = any(@ids) group by resource_id", connection);
        command.Parameters.AddWithValue("ids", resources);
        await using var row = await command.ExecuteReaderAsync(ct);
        while (await row.ReadAsync(ct)) last[row.GetString(0)] = row.GetInt64(1);
        return last;
    }
}
