using StackExchange.Redis;
using Streaming.Core.Events;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Faults.Scenarios;

/// <summary>Somebody empties Redis, and destroys the group with events in hand. The group is made again and sees everything that is there.</summary>
public static class RedisEmptied
{
    public static async Task<Verdict> Play(FaultRun run)
    {
        var times = run.Times(1, 5);
        await using var system = await FaultSystem.StartAsync(run, settings: new Dictionary<string, string> { ["Consuming__BatchSize"] = "4", ["Consuming__InHand"] = "8" });
        await system.SlowDown(TimeSpan.FromMilliseconds(20));
        var history = new History();
        var feeder = new QueueFeeder(system.Queue, history);
        var told = new Queue<Webhook>(Broadcasts.Of(await system.NewChannels(30), times * 1_200, run.Seed));
        await Task.WhenAll(system.StartWorker(), system.StartWorker());
        var redis = system.Connection.GetDatabase();
        var inHand = 0L;
        var patience = TimeSpan.FromSeconds(run.Size == FaultSize.Small ? 10 : 30);
        for (var time = 0; time < times; time++)
        {
            await Feed(400);
            await Eventually.True(async () => await system.Waiting() == 0, within: patience);
            await redis.ExecuteAsync("FLUSHALL");
            await Feed(400);
            await Eventually.True(async () => await system.Waiting() == 0, within: patience);

            await Feed(400);
            await Eventually.True(async () => await system.Pending() > 0);
            inHand += await system.Pending();
            await redis.ExecuteAsync("XGROUP", "DESTROY", EventQueue.StreamKey, EventQueue.Group);
        }

        return await new Oracle(system, history) { CacheIsCurrent = false, LagIsExact = false }.Judge($"Redis emptied {times}×, its group destroyed {times}× with {inHand} events in hand");

        Task Feed(int events) => feeder.Enqueue(Enumerable.Range(0, events).Select(_ => told.Dequeue()).ToList());
    }
}
