using System.Diagnostics;
using Streaming.Tests.Faults.Scenarios;
using Xunit.Abstractions;

namespace Streaming.Tests.Faults;

/// <summary>Whatever breaks, no accepted event is lost and none has its effect twice. One after the other and beside no other test: they measure time.</summary>
[CollectionDefinition(nameof(FaultMatrix), DisableParallelization = true)]
public sealed class FaultMatrix;

[Collection(nameof(FaultMatrix))]
public sealed class FaultMatrixTests(ITestOutputHelper output)
{
    [Fact]
    public Task Workers_killed_at_any_instant_lose_and_double_nothing() => Holds("2 worker killed at random", WorkersKilled.Play);

    private async Task Holds(string name, Func<FaultRun, Task<Verdict>> scenario)
    {
        var run = FaultRun.OfThisBuild();
        output.WriteLine($"STREAMING_FAULT_SEED={run.Seed} plays it again.");
        var started = Stopwatch.GetTimestamp();
        var verdict = await scenario(run);
        output.WriteLine(FaultReport.Add(name, run, verdict, Stopwatch.GetElapsedTime(started)));
        Assert.True(verdict.Violations.Count == 0, $"With seed {run.Seed}:\n{string.Join('\n', verdict.Violations)}");
    }
}
