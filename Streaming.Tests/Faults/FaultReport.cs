using Streaming.AppHost.Local;

namespace Streaming.Tests.Faults;

/// <summary>One table for the whole run, in artifacts/faults.md: what was done to the system and what it cost.</summary>
public static class FaultReport
{
    private const string Head = """
        | Scenario | Events | Faults | Lost | Doubled | Wrong state | Worst delay | Duration | Seed | |
        |---|---:|---|---:|---:|---:|---:|---:|---:|---|
        """;

    private static readonly Lock Turn = new();
    private static bool _begun;

    public static string File { get; } = Path.Combine(Clone.Root, "artifacts", "faults.md");

    /// <returns>The row.</returns>
    public static string Add(string scenario, FaultRun run, Verdict verdict, TimeSpan duration) =>
        Write($"| {scenario} | {verdict.Events} | {verdict.Faults} | {verdict.Lost} | {verdict.Doubled} | {verdict.WrongState} | {verdict.WorstDelay.TotalSeconds:0.00} s"
            + $" | {duration.TotalSeconds:0.0} s | {run.Seed} | {(verdict.Violations.Count == 0 ? "holds" : "**broken**")} |");

    /// <summary>What a planted bug was found out by.</summary>
    public static string Add(string mutant, string scenario, FaultRun run, string violation, TimeSpan duration) =>
        Write($"| 17 {mutant} | | {scenario}: {violation.Split('\n')[0]} | | | | | {duration.TotalSeconds:0.0} s | {run.Seed} | red |");

    private static string Write(string row)
    {
        lock (Turn)
        {
            System.IO.File.AppendAllText(Begin(), row + '\n');
        }

        return row;
    }

    private static string Begin()
    {
        if (_begun) return File;
        _begun = true;
        Directory.CreateDirectory(Path.GetDirectoryName(File)!);
        System.IO.File.WriteAllText(File, Head + '\n');
        return File;
    }
}
