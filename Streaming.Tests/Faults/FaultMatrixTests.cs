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
    public Task Calm_throughput_is_a_thousand_a_second_and_an_event_is_seen_within_a_second() => Holds("1 calm", Calm.Play);

    [Fact]
    public Task Workers_killed_at_any_instant_lose_and_double_nothing() => Holds("2 workers killed at random", WorkersKilled.Play);

    [Fact]
    public Task Workers_killed_at_the_named_instants_lose_and_double_nothing() => Holds("3 workers killed at named instants", WorkersKilledAtNamedInstants.Play);

    [Fact]
    public Task A_Redis_that_is_killed_under_load_has_lost_nothing_that_was_accepted() => Holds("4 Redis killed", RedisKilled.Play);

    [Fact]
    public Task A_frozen_Redis_delays_no_answer_beyond_three_seconds() => Holds("5 Redis frozen", RedisFrozen.Play);

    [Fact]
    public Task A_full_Redis_makes_way_for_Postgres_and_goes_on_when_it_has_room() => Holds("6 Redis full", RedisFull.Play);

    [Fact]
    public Task An_emptied_Redis_gets_its_group_back_from_the_beginning() => Holds("7 Redis emptied", RedisEmptied.Play);

    [Fact]
    public Task Events_that_were_lost_with_Redis_leave_the_state_as_LiveKit_has_it() => Holds("7 Redis emptied, LiveKit asked", LiveKitGaveUp.PlayEmptied);

    [Fact]
    public Task Whatever_happens_to_Postgres_makes_no_dead_letter() => Holds("8 Postgres broken", PostgresBroken.Play);

    [Fact]
    public Task Duplicates_and_disorder_end_in_the_state_of_one_telling_in_order() => Holds("9 duplicates and disorder", DuplicatesAndDisorder.Play);

    [Fact]
    public Task Poison_is_buried_alone_and_delays_nobody() => Holds("11 poison", Poison.Play);

    [Fact]
    public Task What_LiveKit_takes_for_delivered_is_applied_though_APIs_are_killed() => Holds("12 API killed", ApiKilled.Play);

    [Fact]
    public Task After_an_outage_longer_than_LiveKits_patience_the_state_is_what_LiveKit_says() => Holds("13 LiveKit gave up", LiveKitGaveUp.PlayOutage);

    [Fact]
    public Task A_backlog_drains_fast_and_in_little_memory() => Holds("14 backlog", Backlog.Play);

    [Fact]
    public Task Rolling_restarts_leave_nothing_pending_and_no_error_in_a_log() => Holds("15 rolling restarts", RollingRestarts.Play);

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
