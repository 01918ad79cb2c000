using Bench.Load;

namespace Bench;

/// <param name="Run">One round of so many prepared requests at most.</param>
internal sealed record Candidate(string Name, Func<int, Task<Measured>> Run, string StreamKey = "");

/// <summary>The rounds of several candidates, taken in turn: whatever else slows the machine down meets them all.</summary>
internal sealed class Rounds
{
    private readonly Dictionary<Candidate, List<Measured>> _rounds;

    private Rounds(IEnumerable<Candidate> candidates) => _rounds = candidates.ToDictionary(candidate => candidate, _ => new List<Measured>());

    public static async Task<Rounds> InTurnAsync(
        IReadOnlyList<Candidate> candidates, BenchOptions options, Func<Candidate, int, Task<Measured>> run, CancellationToken stop)
    {
        var rounds = new Rounds(candidates);
        var fastest = candidates.ToDictionary(candidate => candidate, _ => 10_000d); // a second, at first
        for (var round = -options.WarmUps; round < options.Rounds; round++)
        {
            foreach (var candidate in candidates)
            {
                stop.ThrowIfCancellationRequested();
                var measured = await run(candidate, (int)(fastest[candidate] * options.Round.TotalSeconds * 1.5));
                fastest[candidate] = Math.Max(fastest[candidate], measured.PerSecond);
                if (round < 0) continue; // the runtime has been compiling what runs often
                rounds._rounds[candidate].Add(measured);
                Console.WriteLine($"  {round + 1}. {candidate.Name,-14} {measured.PerSecond,7:0}/s");
            }
        }

        return rounds;
    }

    /// <summary>Medians as a table for docs/performance.md. A share is the median of the shares within each turn, not a share of medians.</summary>
    public void Print(string title, Candidate reference)
    {
        Console.WriteLine($"\n{title}; medians of {_rounds[reference].Count} rounds\n");
        Console.WriteLine($"| | per second | beside {reference.Name} | p50 | p99 | server's CPU per request |");
        Console.WriteLine("|---|---:|---:|---:|---:|---:|");
        foreach (var (candidate, rounds) in _rounds)
        {
            var shares = rounds.Zip(_rounds[reference], (one, other) => one.PerSecond / other.PerSecond).ToList();
            Console.WriteLine($"| {candidate.Name} | {Median(rounds, r => r.PerSecond):0} | {Median(shares, s => s):0%} ({shares.Min():0%}–{shares.Max():0%}) | "
                + $"{Median(rounds, r => r.P50.TotalMilliseconds):0.0} ms | {Median(rounds, r => r.P99.TotalMilliseconds):0.0} ms | "
                + $"{(rounds[0].Processor is null ? "" : $"{Median(rounds, r => r.MicrosecondsPerRequest!.Value):0} µs")} |");
        }

        Console.WriteLine();
    }

    private static double Median<T>(IReadOnlyList<T> values, Func<T, double> of)
    {
        var sorted = values.Select(of).Order().ToList();
        return (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
    }
}
