using Npgsql;
using StackExchange.Redis;

namespace Bench;

/// <summary>
/// What our worker is compared with: reads a stream in the same batches and as many at once, inserts one row for each entry in one statement,
/// and removes the entries. It knows nothing of what they say, and of no fault.
/// </summary>
internal sealed class BareConsumer(IDatabase redis, NpgsqlDataSource database)
{
    public const string Verb = "bare-consumer";
    public const string StreamKey = "bench:events";

    public const string Group = "bare";
    private const int Lanes = 2, BatchSize = 256; // our worker's

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

        var consumer = new BareConsumer(redis.GetDatabase(), database);
        await Task.WhenAll([app.RunAsync(stop), .. Enumerable.Range(0, Lanes).Select(_ => consumer.ConsumeAsync(stop))]);
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

            await using var insert = database.CreateCommand("insert into bare_events (entry_id, received_at) select * from unnest(@ids, @received)");
            insert.Parameters.AddWithValue("ids", entries.Select(entry => entry.Id.ToString()).ToArray());
            insert.Parameters.AddWithValue("received", entries.Select(entry => DateTimeOffset.FromUnixTimeMilliseconds((long)entry["at"])).ToArray());
            await insert.ExecuteNonQueryAsync(stop);
            RedisValue[] ids = [.. entries.Select(entry => entry.Id)];
            await Task.WhenAll(redis.StreamAcknowledgeAsync(StreamKey, Group, ids), redis.StreamDeleteAsync(StreamKey, ids));
        }
    }

    private async Task<StreamEntry[]> ReadAsync()
    {
        try
        {
            return await redis.StreamReadGroupAsync(StreamKey, Group, Environment.MachineName, StreamPosition.NewMessages, BatchSize);
        }
        catch (RedisServerException missing) when (missing.Message.StartsWith("NOGROUP", StringComparison.Ordinal))
        {
            return []; // it has not been filled yet
        }
    }
}
