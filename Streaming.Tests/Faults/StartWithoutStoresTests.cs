using System.Text.RegularExpressions;
using Streaming.Core.Events;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Faults;

/// <summary>API and worker start with a store away: they say so in plain lines, wait, and work once it is there.</summary>
[Collection(nameof(FaultMatrix))]
public sealed partial class StartWithoutStoresTests
{
    [Fact]
    public async Task Without_Redis_they_start_and_wait()
    {
        await using var system = await FaultSystem.StartAsync(FaultRun.OfThisBuild());
        await system.Redis.KillAsync();
        await StartAndWait(system, "Redis", system.Redis.StartAgainAsync);
    }

    [Fact]
    public async Task Without_Postgres_they_start_and_wait()
    {
        await using var postgres = await PostgresServer.StartAsync();
        await using var system = await FaultSystem.StartAsync(FaultRun.OfThisBuild(), postgres);
        var channel = await system.Database.NewChannel();
        await postgres.CrashAsync();
        system.Database.Source.Clear();
        await StartAndWait(system, "Postgres", postgres.StartAgainAsync);
    }

    private static async Task StartAndWait(FaultSystem system, string store, Func<Task> comeBack)
    {
        var address = FaultSystem.NewAddress();
        var (api, worker) = (await system.LaunchApi(address), await system.LaunchWorker());
        await FaultSystem.Answers(address);
        await FaultSystem.Reads(worker);
        await Eventually.True(() => AwayLines(worker, store) >= 3, within: TimeSpan.FromSeconds(30), evidence: () => worker.Log); // it has tried for some seconds
        foreach (var process in new[] { api, worker })
        {
            Assert.False(process.Exited.IsCompleted, process.Log);
            Assert.DoesNotContain("   at ", process.Log, StringComparison.Ordinal); // no stack trace
        }

        // While it is away, the other store takes what comes.
        var history = new History();
        using var publisher = new Publisher(history, address);
        var webhook = Webhook.Of("""{"event":"room_started", "room":{"sid":"RM_1", "name":"nobodys"}, "id":"EV_1", "createdAt":"1795352636"}"""u8.ToArray());
        Assert.True(await publisher.Deliver(webhook), $"{history}\n{api.Log}");
        await comeBack();
        await Eventually.Equal(1, () => system.Count("processed_events"), within: TimeSpan.FromSeconds(20), evidence: () => worker.Log);
        await Eventually.True(async () => await system.Queue.Read("nobody", 1) is [], within: TimeSpan.FromSeconds(10));
    }

    private static int AwayLines(ProcessUnderTest process, string store) => Away().Matches(process.Log).Count(m => m.Groups[1].Value == store);

    [GeneratedRegex("(Redis|Postgres) is away")]
    private static partial Regex Away();
}
