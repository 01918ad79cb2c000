using Npgsql;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Faults.Scenarios;

/// <summary>
/// Postgres crashes, stands still, and loses its connections in the middle of COMMITs, which then go through unseen. An outage costs no event
/// an attempt, so that none becomes a dead letter by it.
/// </summary>
public static class PostgresBroken
{
    private const int Backlog = 150;

    /// <summary>Makes every COMMIT that takes events wait for the test.</summary>
    private const string HoldCommits =
        """
        create function hold() returns trigger language plpgsql as $f$ begin perform pg_advisory_xact_lock_shared(8); return null; end $f$;
        create constraint trigger hold after insert on processed_events deferrable initially deferred for each row execute function hold();
        """;

    public static async Task<Verdict> Play(FaultRun run)
    {
        var times = run.Times(5, 100);
        var random = new Random(run.Seed);
        await using var postgres = await PostgresServer.StartAsync();
        await using var system = await FaultSystem.StartAsync(run, postgres, new Dictionary<string, string> { ["Consuming__InHand"] = "16" });
        await system.SlowDown(TimeSpan.FromMilliseconds(20));
        var told = new Queue<Webhook>(Broadcasts.Of(await system.NewChannels(40), run.Times(12_000, 240_000), run.Seed));
        await using var wire = new TcpProxy(postgres.Port);
        var history = new History();
        var feeder = new QueueFeeder(system.Queue, history);
        using var stop = new CancellationTokenSource();
        var feeding = Feed();
        await Task.WhenAll(system.StartWorker(system.PostgresOver(wire)), system.StartWorker(system.PostgresOver(wire)));

        for (var crash = 0; crash < times; crash++)
        {
            await SomeMoreAreApplied();
            await postgres.CrashAsync();
            await Task.Delay(random.Next(500));
            await postgres.StartAgainAsync();
        }

        for (var freeze = 0; freeze < times; freeze++)
        {
            await SomeMoreAreApplied();
            postgres.Freeze();
            await Task.Delay(random.Next(1000, 2500));
            postgres.Thaw();
        }

        await system.Execute(HoldCommits);
        var landed = 0L;
        for (var cut = 0; cut < times; cut++)
        {
            await SomeMoreAreApplied();
            landed += await CutInCommit();
        }

        await stop.CancelAsync();
        await feeding;
        var verdict = await new Oracle(system, history).Judge($"{times} Postgres crashes, {times} freezes, {times} cuts in COMMIT of which {landed} events were applied unseen");
        return verdict.And(
            await system.Count("dead_letters") is > 0 and var dead ? $"{dead} dead letters were caused by outages." : null,
            landed == 0 ? "No COMMIT went through unseen." : null);

        async Task SomeMoreAreApplied()
        {
            system.Database.Source.Clear(); // of connections that the last fault broke
            var before = await system.Count("processed_events");
            await Eventually.True(async () => await system.Count("processed_events") > before, within: TimeSpan.FromSeconds(30), evidence: () => string.Join('\n', system.Logs));
            await Task.Delay(random.Next(100));
        }

        async Task<long> CutInCommit()
        {
            await using var holder = await system.Database.Source.OpenConnectionAsync();
            await Execute(holder, "select pg_advisory_lock(8)");
            await Eventually.True(async () => await system.Count("pg_stat_activity where datname = current_database() and wait_event = 'advisory'") > 0, within: TimeSpan.FromSeconds(30));
            var before = await system.Count("processed_events");
            wire.CutConnections();
            await Execute(holder, "select pg_advisory_unlock(8)");
            await Eventually.Equal(0, () => system.Count("pg_stat_activity where datname = current_database() and wait_event = 'advisory'"));
            return await system.Count("processed_events") - before;
        }

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

    private static async Task Execute(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
