using System.Diagnostics;
using System.Globalization;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Faults.Scenarios;

/// <summary>Workers were away for long and find a heap of events.</summary>
public static class Backlog
{
    private const int AtLeastPerSecond = 1_000;
    private const int AtMostMegabytes = 300;

    public static async Task<Verdict> Play(FaultRun run)
    {
        var events = run.Times(30_000, 1_000_000);
        await using var system = await FaultSystem.StartAsync(run);
        var history = new History();
        var told = Broadcasts.Of(await system.NewChannels(100), events, run.Seed);
        var address = FaultSystem.NewAddress();
        var api = await system.StartApi(address);
        using (var publisher = new Publisher(history, address)) await publisher.Send(told, queues: 100);
        await api.TerminateAsync();

        var worker = await system.StartWorker();
        var started = Stopwatch.GetTimestamp();
        await Eventually.True(async () => await system.Waiting() == 0, within: TimeSpan.FromSeconds(run.Times(120, 3_000)));
        var perSecond = events / Stopwatch.GetElapsedTime(started).TotalSeconds;
        var megabytes = MostMemoryOf(worker);

        var verdict = await new Oracle(system, history).Judge(string.Create(CultureInfo.InvariantCulture, $"a backlog drained at {perSecond:#,0}/s with at most {megabytes} MB"));
        return verdict.And(
            perSecond < AtLeastPerSecond ? $"The backlog drained at {perSecond:0}/s." : null,
            megabytes > AtMostMegabytes ? $"The worker took {megabytes} MB." : null);
    }

    private static int MostMemoryOf(ProcessUnderTest worker)
    {
        var line = File.ReadLines($"/proc/{worker.Id}/status").Single(l => l.StartsWith("VmHWM:", StringComparison.Ordinal));
        return int.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;
    }
}
