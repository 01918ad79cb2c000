using System.Globalization;
using StackExchange.Redis;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Faults.Scenarios;

/// <summary>
/// Redis reaches its limit of memory, then its disk is full, which ends it: better than an acknowledgement that is not on the disk. Postgres keeps
/// what comes meanwhile, and everything goes on when there is room.
/// </summary>
public static class RedisFull
{
    private const int DiskMegabytes = 16;

    public static async Task<Verdict> Play(FaultRun run)
    {
        await using var disk = await SmallDisk.TryMountAsync(DiskMegabytes);
        await using var redis = await RedisServer.StartAsync(disk?.Path);
        await using var system = await FaultSystem.StartAsync(run, redis: redis);
        var address = FaultSystem.NewAddress();
        await system.StartApi(address);
        var history = new History();
        var violations = new List<string>();
        using var publisher = new Publisher(history, address);
        var told = new Queue<Webhook>(Broadcasts.Of(await system.NewChannels(40), run.Times(3_000, 30_000), run.Seed));

        for (var time = 0; time < run.Times(1, 10); time++)
        {
            var memory = (string)(await Redis("INFO", "memory"))!;
            var used = long.Parse(memory.Split('\n').Single(line => line.StartsWith("used_memory:", StringComparison.Ordinal)).Split(':')[1], CultureInfo.InvariantCulture);
            await Redis("CONFIG", "SET", "maxmemory", $"{used + 200_000}");
            await Publish(600);
            if (await system.Count("webhook_spool") == 0) violations.Add("Redis was never full.");
            var worker = await system.StartWorker(); // which has to empty a full one
            await Quiet();
            await Publish(100);
            await Quiet();

            await worker.TerminateAsync();
            await Redis("CONFIG", "SET", "maxmemory", "512mb");
        }

        for (var time = 0; disk is not null && time < run.Times(1, 10); time++)
        {
            await disk.FillAsync(leaving: 100_000);
            await Publish(500);
            if (!redis.HasEnded) violations.Add("Redis went on with its disk full.");
            disk.Empty();
            await redis.StartAgainAsync();
            var worker = await system.StartWorker();
            await Quiet();
            await Publish(100);
            await Quiet();
            await worker.TerminateAsync();
        }

        await system.StartWorker();
        var verdict = await new Oracle(system, history) { CacheIsCurrent = false }.Judge($"memory full, {(disk is null ? "no disk can be mounted here" : "disk full")}; {history}");
        return verdict.And(violations);

        Task<RedisResult> Redis(string command, params object[] arguments) => system.Connection.GetDatabase().ExecuteAsync(command, arguments);

        Task Publish(int events) => publisher.Send(Enumerable.Range(0, Math.Min(events, told.Count)).Select(_ => told.Dequeue()).ToList());

        Task Quiet() => Eventually.True(async () => await system.Waiting() + await system.Count("webhook_spool") == 0, within: TimeSpan.FromSeconds(30));
    }
}
