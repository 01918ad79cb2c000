using System.Security.Cryptography;
using System.Text;
using Npgsql;
using Streaming.Core.Data;

namespace Streaming.Core.Streams;

/// <summary>Writes the ledger of stream keys, and proves that it is as it was written.</summary>
public static class KeyLedger
{
    private const string Columns = "channel_id, sequence, at, happened_at, ingress_id, kind, resource_id, detail, corrects, previous_hash, hash";

    /// <summary>Adds to a channel's ledger in the caller's transaction: what is done and its entry are there both or not at all.</summary>
    public static async Task Append(NpgsqlConnection connection, Guid channel, IReadOnlyCollection<LedgerLine> lines, CancellationToken ct)
    {
        if (lines.Count == 0) return;
        var (sequence, hash, now) = await Lock(connection, channel, ct);
        await using var batch = new NpgsqlBatch(connection);
        foreach (var line in lines)
        {
            var entry = new Entry(channel, ++sequence, now, Whole(line.HappenedAt), line.Ingress, $"{line.Kind}", line.Resource, line.Detail, line.Corrects, hash);
            hash = entry.Hash();
            batch.BatchCommands.Add(new NpgsqlBatchCommand(
                $"insert into key_ledger ({Columns}) values (@channel, @sequence, @at, @happened, @ingress, @kind, @resource, @detail, @corrects, @previous, @hash)")
            {
                Parameters =
                {
                    new("channel", channel), new("sequence", sequence), new("at", now), new NpgsqlParameter<DateTimeOffset?>("happened", entry.HappenedAt),
                    new NpgsqlParameter<string?>("ingress", line.Ingress), new("kind", entry.Kind), new NpgsqlParameter<string?>("resource", line.Resource),
                    new NpgsqlParameter<string?>("detail", line.Detail), new NpgsqlParameter<long?>("corrects", line.Corrects), new("previous", entry.PreviousHash), new("hash", hash),
                },
            });
        }

        batch.BatchCommands.Add(new NpgsqlBatchCommand("update key_ledger_heads set sequence = @sequence, hash = @hash where channel_id = @channel")
        {
            Parameters = { new("channel", channel), new("sequence", sequence), new("hash", hash) },
        });
        await batch.ExecuteNonQueryAsync(ct);
    }

    /// <summary>Lets nobody else write to the channel's ledger until the caller's transaction ends.</summary>
    /// <returns>Its end, and the time by Postgres' clock.</returns>
    public static async Task<(long Sequence, byte[] Hash, DateTimeOffset Now)> Lock(NpgsqlConnection connection, Guid channel, CancellationToken ct)
    {
        await using var begin = new NpgsqlCommand("insert into key_ledger_heads (channel_id, sequence, hash) values (@channel, 0, '') on conflict do nothing", connection);
        begin.Parameters.AddWithValue("channel", channel);
        await begin.ExecuteNonQueryAsync(ct);
        await using var read = new NpgsqlCommand("select sequence, hash, clock_timestamp() from key_ledger_heads where channel_id = @channel for update", connection);
        read.Parameters.AddWithValue("channel", channel);
        await using var row = await read.ExecuteReaderAsync(ct);
        await row.ReadAsync(ct);
        return (row.GetInt64(0), row.GetFieldValue<byte[]>(1), row.GetFieldValue<DateTimeOffset>(2));
    }

    /// <summary>Reads every ledger from its beginning.</summary>
    /// <returns>What is wrong, a sentence each; nothing when all is as it was written.</returns>
    public static async IAsyncEnumerable<LedgerFault> Verify(NpgsqlDataSource database)
    {
        await using var connection = await database.OpenConnectionAsync();
        await PostgresLimits.Lift(connection);
        await using var transaction = await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead); // while others write
        var heads = await Heads(connection);
        await using var command = new NpgsqlCommand($"select {Columns} from key_ledger order by channel_id, sequence", connection) { CommandTimeout = 0 };
        await using var row = await command.ExecuteReaderAsync();
        Entry? last = null;
        byte[] lastHash = [];
        while (await row.ReadAsync())
        {
            var (entry, hash) = (EntryIn(row), row.GetFieldValue<byte[]>(10));
            if (last is not null && last.Channel != entry.Channel)
            {
                foreach (var fault in AtEnd(heads, last, lastHash)) yield return fault;
                (last, lastHash) = (null, []);
            }

            var expected = (last?.Sequence ?? 0) + 1;
            if (entry.Sequence > expected) yield return new(entry.Channel, expected, entry.Sequence == expected + 1 ? "is missing" : $"to {entry.Sequence - 1} are missing");
            if (!Same(entry.Hash(), hash)) yield return new(entry.Channel, entry.Sequence, "is not as it was written");
            else if (entry.Sequence == expected && !Same(entry.PreviousHash, lastHash)) yield return new(entry.Channel, entry.Sequence, "does not follow the one before it: it was put in, or that one was written anew");
            (last, lastHash) = (entry, hash);
        }

        if (last is not null)
            foreach (var fault in AtEnd(heads, last, lastHash)) yield return fault;
        foreach (var (channel, head) in heads.Where(h => h.Value.Sequence > 0)) yield return new(channel, 1, $"to {head.Sequence} are missing");
    }

    private static IEnumerable<LedgerFault> AtEnd(Dictionary<Guid, (long Sequence, byte[] Hash)> heads, Entry last, byte[] lastHash)
    {
        var head = heads.Remove(last.Channel, out var known) ? known : (Sequence: 0L, Hash: []);
        if (head.Sequence > last.Sequence) yield return new(last.Channel, last.Sequence + 1, head.Sequence == last.Sequence + 1 ? "is missing" : $"to {head.Sequence} are missing");
        else if (head.Sequence < last.Sequence) yield return new(last.Channel, head.Sequence + 1, head.Sequence + 1 == last.Sequence ? "was put in" : $"to {last.Sequence} were put in");
        else if (!Same(head.Hash, lastHash)) yield return new(last.Channel, last.Sequence, "is not the one that was written last");
    }

    private static async Task<Dictionary<Guid, (long Sequence, byte[] Hash)>> Heads(NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand("select channel_id, sequence, hash from key_ledger_heads", connection);
        await using var row = await command.ExecuteReaderAsync();
        var heads = new Dictionary<Guid, (long, byte[])>();
        while (await row.ReadAsync()) heads.Add(row.GetGuid(0), (row.GetInt64(1), row.GetFieldValue<byte[]>(2)));
        return heads;
    }

    private static Entry EntryIn(NpgsqlDataReader row)
    {
        return new(
            row.GetGuid(0), row.GetInt64(1), row.GetFieldValue<DateTimeOffset>(2), row.IsDBNull(3) ? null : row.GetFieldValue<DateTimeOffset>(3), Text(4), row.GetString(5), Text(6), Text(7),
            row.IsDBNull(8) ? null : row.GetInt64(8), row.GetFieldValue<byte[]>(9));

        string? Text(int column) => row.IsDBNull(column) ? null : row.GetString(column);
    }

    /// <summary>Postgres keeps microseconds, and what is hashed must be what is kept.</summary>
    private static DateTimeOffset? Whole(DateTimeOffset? at) => at is { } time ? new DateTimeOffset(time.UtcTicks - (time.UtcTicks % TimeSpan.TicksPerMicrosecond), TimeSpan.Zero) : null;

    private static bool Same(byte[] a, byte[] b) => CryptographicOperations.FixedTimeEquals(a, b);

    private sealed record Entry(
        Guid Channel, long Sequence, DateTimeOffset At, DateTimeOffset? HappenedAt, string? Ingress, string Kind, string? Resource, string? Detail, long? Corrects, byte[] PreviousHash)
    {
        /// <summary>Of everything in the row; each member says whether it is there and how long it is, so that no two rows are the same bytes.</summary>
        public byte[] Hash()
        {
            using var bytes = new MemoryStream();
            using var writer = new BinaryWriter(bytes, Encoding.UTF8);
            writer.Write(Channel.ToByteArray(bigEndian: true));
            writer.Write(Sequence);
            writer.Write(At.UtcTicks);
            writer.Write(HappenedAt?.UtcTicks ?? 0);
            foreach (var text in new[] { Ingress, Kind, Resource, Detail })
            {
                writer.Write(text is not null);
                writer.Write(text ?? "");
            }

            writer.Write(Corrects ?? 0);
            writer.Write(PreviousHash);
            writer.Flush();
            return SHA256.HashData(bytes.ToArray());
        }
    }
}

/// <summary>What is to be written into the ledger.</summary>
public sealed record LedgerLine(KeyEvent Kind, string? Ingress)
{
    /// <summary>One of our codes; nothing that somebody else wrote.</summary>
    public string? Detail { get; init; }
    public string? Resource { get; init; }
    public DateTimeOffset? HappenedAt { get; init; }
    public long? Corrects { get; init; }
}

/// <param name="Sequence">The first entry that is wrong.</param>
/// <param name="What">What is wrong with it, as the end of a sentence.</param>
public sealed record LedgerFault(Guid ChannelId, long Sequence, string What);
