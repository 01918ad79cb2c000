using System.Text.RegularExpressions;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Faults.Scenarios;

/// <summary>Two replicas of API and worker each are restarted one after the other, as a deployment does it, while webhooks come in.</summary>
public static partial class RollingRestarts
{
    public static async Task<Verdict> Play(FaultRun run)
    {
        var restarts = run.Times(20, 200);
        await using var system = await FaultSystem.StartAsync(run);
        var told = Broadcasts.Of(await system.NewChannels(60), run.Times(10_000, 100_000), run.Seed);
        Uri[] addresses = [FaultSystem.NewAddress(), FaultSystem.NewAddress()];
        var apis = await Task.WhenAll(addresses.Select(a => system.StartApi(a)));
        var workers = await Task.WhenAll(system.StartWorker(), system.StartWorker());
        var history = new History();
        var violations = new List<string>();
        using var publisher = new Publisher(history, addresses) { PerSecond = 150 };

        using var stop = new CancellationTokenSource();
        var sending = publisher.Send(told, queues: 60, stop.Token);
        var every = TimeSpan.FromSeconds(2);
        for (var restart = 0; restart < restarts; restart++)
        {
            var replica = restart / 2 % 2;
            var pause = Task.Delay(every);
            if (restart % 2 == 0)
            {
                await Stop(apis[replica]);
                apis[replica] = await system.StartApi(addresses[replica]);
            }
            else
            {
                await Stop(workers[replica]);
                workers[replica] = await system.StartWorker();
            }

            await pause;
        }

        await stop.CancelAsync();
        await sending;
        var oracle = new Oracle(system, history) { Patience = TimeSpan.FromSeconds(5) };
        var verdict = await oracle.Judge($"{restarts} rolling restarts; {history}");
        violations.AddRange(system.Logs.SelectMany(log => ErrorLine().Matches(log)).Select(m => m.Value).Distinct().Select(line => $"A log says: {line}"));
        if (publisher.GivenUp > 0) violations.Add($"{publisher.GivenUp} events were refused five times.");
        return verdict.And(violations);

        async Task Stop(ProcessUnderTest process)
        {
            if (await process.TerminateAsync() is not 0 and var code) violations.Add($"Asked to stop, a process ended with {code}.");
        }
    }

    /// <summary>A line at Error or Critical, and the one that says what it is about.</summary>
    [GeneratedRegex(@"^(fail|crit): .*\n.*$", RegexOptions.Multiline)]
    private static partial Regex ErrorLine();
}
