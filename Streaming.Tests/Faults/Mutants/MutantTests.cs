using System.Diagnostics;
using Streaming.Tests.Faults.Scenarios;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace Streaming.Tests.Faults.Mutants;

/// <summary>A harness that cannot fail proves nothing: each planted bug must turn a scenario red, which without it is green in the same build.</summary>
[Collection(nameof(FaultMatrix))]
public sealed class MutantTests(MutatedBuild build, ITestOutputHelper output) : IClassFixture<MutatedBuild>
{
    private static readonly Dictionary<string, Func<FaultRun, Task<Verdict>>> Scenarios = new()
    {
        [nameof(WorkersKilledAtNamedInstants)] = WorkersKilledAtNamedInstants.Play,
        [nameof(DuplicatesAndDisorder)] = DuplicatesAndDisorder.Play,
        [nameof(RedisKilled)] = RedisKilled.Play,
        [nameof(RedisEmptied)] = RedisEmptied.Play,
        [nameof(Backlog)] = Backlog.Play,
    };

    public static TheoryData<string, string> Bugs => new()
    {
        { Mutant.NoInbox.Name, nameof(DuplicatesAndDisorder) },
        { Mutant.CountedUp.Name, nameof(DuplicatesAndDisorder) },
        { Mutant.MarkBeforeWork.Name, nameof(WorkersKilledAtNamedInstants) },
        { Mutant.AcknowledgeBeforeCommit.Name, nameof(WorkersKilledAtNamedInstants) },
        { Mutant.SplitAcknowledgement.Name, nameof(WorkersKilledAtNamedInstants) },
        { Mutant.ShortStream.Name, nameof(Backlog) },
        { Mutant.GroupAtTheEnd.Name, nameof(RedisEmptied) },
        { Mutant.EverySecond.Name, nameof(RedisKilled) },
    };

    public static TheoryData<string> Played => [.. Bugs.Select(row => (string)row[1]).Distinct()];

    [Fact]
    public void Every_bug_has_its_scenario() => Assert.Equal(Mutant.All.Select(m => m.Name).Order(StringComparer.Ordinal), Bugs.Select(row => (string)row[0]).Order(StringComparer.Ordinal));

    [Theory, MemberData(nameof(Bugs))]
    public async Task A_planted_bug_turns_its_scenario_red(string mutant, string scenario)
    {
        var started = Stopwatch.GetTimestamp();
        var run = Run(build.With(Mutant.All.Single(m => m.Name == mutant)));
        var violations = await Violations(scenario, run);
        Assert.NotEmpty(violations);
        output.WriteLine(FaultReport.Add(mutant, scenario, run, violations[0], Stopwatch.GetElapsedTime(started)));
    }

    [Theory, MemberData(nameof(Played))]
    public async Task Without_a_bug_the_same_build_is_green(string scenario) => Assert.Empty(await Violations(scenario, Run(build.Without)));

    private static FaultRun Run(Programs programs) => FaultRun.OfThisBuild() with { Programs = programs, Size = FaultSize.Small };

    private static async Task<IReadOnlyList<string>> Violations(string scenario, FaultRun run)
    {
        try
        {
            return (await Scenarios[scenario](run)).Violations;
        }
        catch (Exception e) when (run.Programs.Mutant is not null && (e is XunitException or TimeoutException))
        {
            return [e.Message]; // it waited in vain
        }
    }
}
