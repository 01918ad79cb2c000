using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Faults.Scenarios;

/// <summary>kill -9 of workers at random instants, with others taking their place. The queue never runs empty meanwhile.</summary>
public static class WorkersKilled
{
    private const int Workers = 4; // about two that work, and two that are starting
    private const int Channels = 60;
    private const int Backlog = 150;

    public static async Task<Verdict> Play(FaultRun run)
    {
        var kills = run.Times(40, 500);
        var random = new Random(run.Seed);
        await using var system = await FaultSystem.StartAsync(run, settings: new Dictionary<string, string> { ["Consuming__BatchSize"] = "4", ["Consuming__InHand"] = "8" });
        await system.SlowDown(TimeSpan.FromMilliseconds(50));
        var history = new History();
        var feeder = new QueueFeeder(system.Queue, history);
        var told = new Queue<Webhook>(Broadcasts.Of(await system.NewChannels(Channels), run.Times(20_000, 200_000), run.Seed));

        using var stop = new CancellationTokenSource();
        var feeding = Feed();
        var workers = await Task.WhenAll(Enumerable.Range(0, Workers).Select(_ => system.LaunchWorker(FaultSystem.Talkative)));
        var inHand = 0;
        for (var kill = 0; kill < kills; kill++)
        {
            await Eventually.True(() => workers.Any(FaultSystem.IsWorking), within: TimeSpan.FromSeconds(60));
            await Task.Delay(random.Next(600));
            var working = Enumerable.Range(0, Workers).Where(i => FaultSystem.IsWorking(workers[i])).ToArray();
            var victim = working[random.Next(working.Length)];
            await workers[victim].KillAsync();
            if (await system.InHandOf(workers[victim]) > 0) inHand++;
            workers[victim] = await system.LaunchWorker(FaultSystem.Talkative);
        }

        await stop.CancelAsync();
        await feeding;
        var verdict = await new Oracle(system, history) { CountsWithin = Oracle.CountsAfterACrash }.Judge($"{kills} worker kills, {inHand} of them with events in hand");
        return verdict.And(inHand < kills / 2 ? $"Only {inHand} of {kills} kills met a worker with events in hand." : null);

        async Task Feed()
        {
            while (!stop.IsCancellationRequested && told.Count > 0)
            {
                if (await system.Waiting() < Backlog)
                    await feeder.Enqueue(Enumerable.Range(0, Math.Min(50, told.Count)).Select(_ => told.Dequeue()).ToList());
                await Task.Delay(10);
            }
        }
    }
}
