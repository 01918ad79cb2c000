using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Faults.Scenarios;

/// <summary>kill -9 of Redis while webhooks come in, and a start again on what it had written. Meanwhile Postgres keeps what comes.</summary>
public static class RedisKilled
{
    private static readonly TimeSpan Promise = TimeSpan.FromSeconds(3);

    public static async Task<Verdict> Play(FaultRun run)
    {
        var kills = run.Times(5, 100);
        var random = new Random(run.Seed);
        await using var system = await FaultSystem.StartAsync(run);
        var told = Broadcasts.Of(await system.NewChannels(40), run.Times(6_000, 60_000), run.Seed);
        var address = FaultSystem.NewAddress();
        await Task.WhenAll(system.StartApi(address), system.StartWorker());
        var trusted = await FaultSystem.TrustsItsStores(address); // a kill leaves what was written to the kernel, a cut of the power does not: the settings decide
        var history = new History();
        using var publisher = new Publisher(history, address) { PerSecond = 300 };

        await using var pauses = new MachinePauses();
        using var stop = new CancellationTokenSource();
        var sending = publisher.Send(told, queues: 24, stop.Token);
        var met = 0;
        for (var kill = 0; kill < kills; kill++)
        {
            await Task.Delay(random.Next(200, 1000));
            if (publisher.InFlight(0) > 0) met++;
            await system.Redis.KillAsync();
            await Task.Delay(random.Next(100, 1500));
            await system.Redis.StartAgainAsync();
        }

        await Task.Delay(300);
        await stop.CancelAsync();
        await sending;
        var verdict = await new Oracle(system, history) { CacheIsCurrent = false }.Judge($"{kills} Redis kills, {met} with requests on their way; {history}; the machine paused for {pauses.Longest.TotalSeconds:0.00} s");
        return verdict.And(
            trusted ? null : "The API does not trust the settings of Redis.",
            history.Longest - pauses.Longest > Promise ? $"An answer took {history.Longest.TotalSeconds:0.00} s." : null,
            publisher.GivenUp > 0 ? $"{publisher.GivenUp} events were refused five times." : null);
    }
}
