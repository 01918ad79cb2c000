using Npgsql;
using StackExchange.Redis;

namespace Bench;

/// <summary>
/// What our worker is compared with: reads a stream in the same batches and as many at once, inserts one row for each entry in one transaction,
/// and removes the entries. It knows nothing of what they say, and of no fault.
/// </summary>
/// <param name="isSetBased">Whether one statement inserts the rows of a batch, instead of one each.</param>
internal sealed class BareConsumer(IDatabase redis, NpgsqlDataSource database, string key, bool isSetBased)
{
    public const string Verb = "bare-consumer";
    /// <summary>The streams it reads: one statement inserts one row, and one statement inserts a batch.</summary>
    public const string RowByRowKey = "bench:row-by-row", SetBasedKey = "bench:set-based";

    public const string Group = "bare";
    private const int Lanes = 4, BatchSize = 2000; // our worker's

    public static async Task RunAsync(CancellationToken stop)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        var app = builder.Build();
        app.Run(_ => Task.CompletedTask); // it is alive
        await using var redis = await RedisClient.ConnectAsync(app.Configuration.GetConnectionString("redis")!);
        await using var database = NpgsqlDataSource.Create(app.Configuration.GetConnectionString("streamingdb")!);
        await using (var table = database.CreateCommand("create table if not exists bare_events (entry_id text primary key, received_at timestamptz not null)"))
            await table.ExecuteNonQueryAsync(stop);

        BareConsumer[] consumers = [new(redis.GetDatabase(), database, RowByRowKey, false), new(redis.GetDatabase(), database, SetBasedKey, true)];
        await Task.WhenAll([app.RunAsync(stop), .. consumers.SelectMany(consumer => Enumerable.Range(0, Lanes).Select(_ => consumer.ConsumeAsync(stop)))]);
    }

    private async Task ConsumeAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var entries = await ReadAsync();
            if (entries.Length == 0)
            {
                await Task.Delay(20, stop);
                continue;
            }

            if (isSetBased) await InsertSetAsync(entries, stop);
            else await InsertRowByRowAsync(entries, stop);
            RedisValue[] ids = [.. entries.Select(entry => entry.Id)];
            await Task.WhenAll(redis.StreamAcknowledgeAsync(key, Group, ids), redis.StreamDeleteAsync(key, ids));
        }
    }

    private async Task InsertSetAsync(StreamEntry[] entries, CancellationToken stop)
    {
        await using var insert = database.CreateCommand("insert into bare_events (entry_id, received_at) select * from unnest(@ids, @received)");
        insert.Parameters.AddWithValue("ids", entries.Select(Id).ToArray());
        insert.Parameters.AddWithValue("received", entries.Select(ReceivedAt).ToArray());
        await insert.ExecuteNonQueryAsync(stop);
    }

    private async Task InsertRowByRowAsync(StreamEntry[] entries, CancellationToken stop)
    {
        await using var inserts = database.CreateBatch(); // one transaction, sent at once
        foreach (var entry in entries)
        {
            inserts.BatchCommands.Add(new NpgsqlBatchCommand("insert into bare_events (entry_id, received_at) values (@id, @received)")
            {
                Parameters = { new("id", Id(entry)), new("received", ReceivedAt(entry)) },
            });
        }

        await inserts.ExecuteNonQueryAsync(stop);
    }

    private static string Id(StreamEntry entry) => entry.Id.ToString();

    private static DateTimeOffset ReceivedAt(StreamEntry entry) => DateTimeOffset.FromUnixTimeMilliseconds((long)entry["at"]);

    private async Task<StreamEntry[]> ReadAsync()
    {
        try
        {
            return await redis.StreamReadGroupAsync(key, Group, Environment.MachineName, StreamPosition.NewMessages, BatchSize);
        }
        catch (RedisServerException missing) when (missing.Message.StartsWith("NOGROUP", StringComparison.Ordinal))
        {
            return []; // it has not been filled yet
        }
    }
}
