namespace Streaming.Tests.Faults;

/// <summary>What the oracle found after a scenario.</summary>
/// <param name="Faults">What was done to the system, in numbers.</param>
/// <param name="Violations">Each broken promise as a sentence; none when all were kept.</param>
/// <param name="WorstDelay">From accepted to the transaction that applied it.</param>
public sealed record Verdict(string Faults, int Events, IReadOnlyList<string> Violations, int Lost, long Doubled, int WrongState, TimeSpan WorstDelay)
{
    /// <summary>With what a scenario itself has to complain of.</summary>
    public Verdict And(params IEnumerable<string?> violations) => this with { Violations = [.. Violations, .. violations.OfType<string>()] };
}
