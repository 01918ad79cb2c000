using System.Diagnostics;

namespace Bench.Load;

/// <summary>So many askers, each with one request in flight: a new one is sent when the last is answered, as LiveKit's queues do it.</summary>
internal static class ClosedLoop
{
    /// <param name="askers">Each sends the request of the number given and completes when it is answered well.</param>
    /// <param name="requests">How many requests there are; when they are used up before the time, the round is shorter.</param>
    public static async Task<Measured> RunAsync(IReadOnlyList<Func<int, Task>> askers, int requests, TimeSpan time)
    {
        var latencies = new long[requests];
        var next = -1;
        GC.Collect();

        var start = Stopwatch.GetTimestamp();
        var end = start + (long)(time.TotalSeconds * Stopwatch.Frequency);
        await Task.WhenAll(askers.Select(asker => Task.Run(() => Drive(asker))));
        var elapsed = Stopwatch.GetElapsedTime(start);

        var answered = latencies.AsSpan(0, Math.Min(next + 1, requests));
        answered.Sort();
        return new Measured(answered.Length, elapsed, Percentile(answered, 0.50), Percentile(answered, 0.99));

        async Task Drive(Func<int, Task> asker)
        {
            while (Stopwatch.GetTimestamp() < end && Interlocked.Increment(ref next) is var number && number < requests)
            {
                var sent = Stopwatch.GetTimestamp();
                await asker(number);
                latencies[number] = Stopwatch.GetTimestamp() - sent;
            }
        }
    }

    private static TimeSpan Percentile(ReadOnlySpan<long> sorted, double share) =>
        Stopwatch.GetElapsedTime(0, sorted[(int)Math.Min(sorted.Length * share, sorted.Length - 1)]);
}

/// <summary>One round of one candidate.</summary>
internal sealed record Measured(int Requests, TimeSpan Elapsed, TimeSpan P50, TimeSpan P99)
{
    public double PerSecond => Requests / Elapsed.TotalSeconds;

    /// <summary>Of the server's process alone.</summary>
    public TimeSpan? Processor { get; init; }

    public double? MicrosecondsPerRequest => Processor?.TotalMicroseconds / Requests;
}
