using Npgsql;
using Streaming.Core.Sessions;

namespace Streaming.Core.Streams;

/// <summary>
/// Writes into the ledger what encoders did with keys. It is read from the ingest segments afterwards, so that applying a webhook costs nothing more; facts
/// that come later and say otherwise are one more entry, never a change of one.
/// </summary>
public sealed class KeyUseLedger(NpgsqlDataSource database)
{
    private const int Piece = 200;

    /// <returns>How many entries were written.</returns>
    public async Task<int> Write(CancellationToken ct)
    {
        var written = 0;
        for (var more = true; more;)
        {
            await using var connection = await database.OpenConnectionAsync(ct);
            await using var transaction = await connection.BeginTransactionAsync(ct);
            var channels = await SessionWrites.UnledgeredChannels(connection, Piece, ct);
            if (channels.Length == 0) return written;
            await SessionWrites.LockChannels(connection, channels, ct); // first of all, as everybody does who writes about a channel: so nobody waits in a circle
            var uses = await SessionWrites.TakeUnledgered(connection, channels, Piece, ct);
            var last = await LastEntries(connection, [.. uses.Where(u => u.Was is not null).Select(u => u.ResourceId)], ct);
            foreach (var channel in uses.GroupBy(u => u.ChannelId).OrderBy(g => g.Key))
            {
                var lines = channel.OrderBy(u => u.BeganAt ?? u.EndedAt).SelectMany(u => Lines(u, last)).ToList();
                await KeyLedger.Append(connection, channel.Key, lines, ct);
                written += lines.Count;
            }

            await transaction.CommitAsync(ct);
            more = uses.Count == Piece;
        }

        return written;
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
