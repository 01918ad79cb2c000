using System.Diagnostics;

namespace Bench;

/// <summary>How long API and worker take from the start of the process until /health answers 200, beside a bare Kestrel.</summary>
internal static class StartupBenchmark
{
    private const int Starts = 5;

    public static async Task RunAsync(BenchOptions options, CancellationToken stop)
    {
        await using var system = await BenchSystem.StartAsync(stop);
        (string Name, Func<CancellationToken, Task<Server>> Start)[] candidates =
            [("API", system.StartApiAsync), ("worker", system.StartWorkerAsync), ("bare Kestrel", system.StartBareAsync)];
        var times = candidates.ToDictionary(candidate => candidate.Name, _ => new List<TimeSpan>());
        for (var start = 0; start <= Starts; start++)
        {
            foreach (var (name, launch) in candidates)
            {
                var began = Stopwatch.GetTimestamp();
                var server = await launch(stop);
                var took = Stopwatch.GetElapsedTime(began);
                await server.StopAsync();
                if (start > 0) times[name].Add(took); // the first has the files read into the system's cache
            }
        }

        Console.WriteLine($"\nFrom process start to /health 200; {Starts} starts of each in turn\n");
        Console.WriteLine("| | median | fastest | slowest |");
        Console.WriteLine("|---|---:|---:|---:|");
        foreach (var (name, took) in times)
            Console.WriteLine($"| {name} | {took.Order().ElementAt(Starts / 2).TotalMilliseconds:0} ms | {took.Min().TotalMilliseconds:0} ms | {took.Max().TotalMilliseconds:0} ms |");
        Console.WriteLine();
    }
}
