using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Faults.Scenarios;

/// <summary>kill -9 of one of two API replicas with requests on their way, and LiveKit's own rules for what it sends again.</summary>
public static class ApiKilled
{
    /// <summary>What each must have accepted before it is killed.</summary>
    private const int AtLeast = 20;

    public static async Task<Verdict> Play(FaultRun run)
    {
        var kills = run.Times(40, 400);
        var random = new Random(run.Seed);
        await using var system = await FaultSystem.StartAsync(run);
        // A longer way to Redis keeps requests in the middle for longer.
        await using var wire = new TcpProxy(system.Redis.Port) { Delay = TimeSpan.FromMilliseconds(15) };
        var told = Broadcasts.Of(await system.NewChannels(100), run.Times(10_000, 100_000), run.Seed);
        Uri[] addresses = [FaultSystem.NewAddress(), FaultSystem.NewAddress()];
        var apis = await Task.WhenAll(addresses.Select(a => system.StartApi(a, system.RedisOver(wire))));
        await system.StartWorker();
        var history = new History();
        using var publisher = new Publisher(history, addresses) { PerSecond = 150, Pauses = Publisher.LiveKitsPauses };

        using var stop = new CancellationTokenSource();
        var sending = publisher.Send(told, queues: 150, stop.Token);
        for (var kill = 0; kill < kills; kill++)
        {
            var victim = kill % addresses.Length;
            var before = publisher.Accepted(victim);
            await Eventually.True(() => publisher.Accepted(victim) > before + AtLeast, within: TimeSpan.FromSeconds(60));
            await Task.Delay(random.Next(200));
            await Eventually.True(() => publisher.InFlight(victim) > 0, within: TimeSpan.FromSeconds(20));
            await apis[victim].KillAsync();
            apis[victim] = await system.LaunchApi(addresses[victim], system.RedisOver(wire));
        }

        await stop.CancelAsync();
        await sending;
        var verdict = await new Oracle(system, history).Judge($"{kills} API kills, each with requests on their way; {history}; {publisher.GivenUp} given up by LiveKit");
        return verdict.And(history.Count(Answer.Unknown) == 0 ? "No request was cut off." : null);
    }
}
