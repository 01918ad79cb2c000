namespace Streaming.Tests.Faults.Scenarios;

/// <summary>Webhooks come several times and out of order, by much and by minutes. The state is that of one telling in order.</summary>
public static class DuplicatesAndDisorder
{
    public static async Task<Verdict> Play(FaultRun run)
    {
        var ofEach = run.Times(4_000, 300_000);
        var random = new Random(run.Seed);
        await using var system = await FaultSystem.StartAsync(run);
        var history = new History();
        var feeder = new QueueFeeder(system.Queue, history);
        await Task.WhenAll(system.StartWorker(), system.StartWorker());

        var repeats = 0;
        for (var way = 0; way < 3; way++)
        {
            var told = Broadcasts.Of(await system.NewChannels(20), ofEach, run.Seed + way);
            var repeated = told.Repeated(random);
            repeats += repeated.Count - told.Count;
            var delivered = way switch
            {
                0 => repeated.Overtaken(300, random),
                1 => repeated.Overtaken(5_000, random),
                _ => repeated.Delayed(TimeSpan.FromMinutes(10), random),
            };
            foreach (var some in delivered.Chunk(500)) await feeder.Enqueue(some);
        }

        return await new Oracle(system, history) { Patience = TimeSpan.FromSeconds(run.Times(60, 1800)) }.Judge(
            $"{repeats} duplicates; overtaken by up to 300 and by up to 5,000, and up to 10 minutes late");
    }
}
