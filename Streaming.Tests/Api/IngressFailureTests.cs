using System.Net;
using System.Net.Http.Json;
using LiveKitSimulator;
using Npgsql;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Api;

/// <summary>
/// Changing a stream key while LiveKit or Postgres fails: the caller is told what happened, no key that works is left without a record,
/// and the next request sets everything right. The tests share a system of their own, one after the other, since a fault strikes everyone.
/// </summary>
public sealed class IngressFailureTests(IngressFailureTests.Unwell unwell) : IClassFixture<IngressFailureTests.Unwell>, IAsyncLifetime
{
    private static readonly Uri Ingress = new("/api/stream/ingress", UriKind.Relative);

    /// <summary>What a restart of Postgres is to everyone connected.</summary>
    private const string CutAllOthers = "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()";

    private readonly TestSystem _system = unwell.System;

    public async Task InitializeAsync()
    {
        unwell.LiveKitWire.Restore();
        unwell.LiveKitWire.Thaw();
        await _system.LiveKit.NoApiFaults();
        await _system.LiveKit.ForgetCalls();
    }

    public Task DisposeAsync()
    {
        _system.Database.Source.Clear(); // connections that a test has cut
        return Task.CompletedTask;
    }

    public static TheoryData<ApiFault, int, string> Faults => new()
    {
        { new() { Mode = ApiFaultMode.Refuse }, 503, "livekit_unavailable" },
        { new() { Mode = ApiFaultMode.Error, Code = "unavailable" }, 503, "livekit_unavailable" },
        { new() { Mode = ApiFaultMode.Error, Code = "resource_exhausted" }, 503, "livekit_unavailable" },
        { new() { Mode = ApiFaultMode.Slow, DelayMs = 60_000 }, 503, "livekit_timeout" },
        { new() { Mode = ApiFaultMode.Error, Code = "deadline_exceeded" }, 503, "livekit_timeout" },
        { new() { Mode = ApiFaultMode.Unauthorized }, 500, "livekit_refused" },
        { new() { Mode = ApiFaultMode.Error, Code = "permission_denied" }, 500, "livekit_refused" },
        { new() { Mode = ApiFaultMode.Nonsense }, 502, "livekit_bad_answer" },
        { new() { Mode = ApiFaultMode.Error, Code = "internal" }, 502, "livekit_bad_answer" },
        { new() { Mode = ApiFaultMode.Error, Code = "invalid_argument" }, 502, "livekit_bad_answer" },
    };

    public static TheoryData<ApiFault, int, string> FaultsBeforeAndAfter
    {
        get
        {
            var all = new TheoryData<ApiFault, int, string>();
            foreach (var row in Faults)
                foreach (var when in Enum.GetValues<ApiFaultMoment>()) all.Add(((ApiFault)row[0]) with { When = when }, (int)row[1], (string)row[2]);
            return all;
        }
    }

    [Theory]
    [MemberData(nameof(FaultsBeforeAndAfter))]
    public async Task A_creation_that_fails_leaves_no_key_behind(ApiFault fault, int status, string code)
    {
        var creator = await _system.NewCreator();
        await _system.LiveKit.ApiFault(fault with { Method = "CreateIngress" });

        await Refused(await creator.Api.PostAsync(Ingress, null), status, code);

        Assert.InRange((await _system.LiveKit.Calls()).Count(c => c.Method == "CreateIngress"), 0, 1); // a second one could be a second key
        await _system.LiveKit.NoApiFaults();
        Assert.Empty(await _system.IngressesIn(await creator.Room()));
        Assert.Equal("null", (await creator.Info()).GetProperty("ingress").GetRawText());
        await Recovers(creator);
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task A_reset_that_fails_before_it_begins_changes_nothing(ApiFault fault, int status, string code)
    {
        var creator = await _system.NewChannel();
        await _system.LiveKit.ApiFault(fault with { Method = "ListIngress" });

        await Refused(await creator.Api.PostAsync(Ingress, null), status, code);

        await _system.LiveKit.NoApiFaults();
        Assert.Equal([creator.IngressId], (await _system.IngressesIn(await creator.Room())).Select(i => i.IngressId));
        Assert.Equal(creator.IngressId, await RecordedIngress(creator));
        await Recovers(creator);
    }

    [Theory]
    [MemberData(nameof(FaultsBeforeAndAfter))]
    public async Task A_deletion_that_fails_says_so_and_keeps_the_record(ApiFault fault, int status, string code)
    {
        var creator = await _system.NewChannel();
        await _system.LiveKit.ApiFault(fault with { Method = "DeleteIngress" });

        await Refused(await creator.Api.DeleteAsync(Ingress), status, code);

        await _system.LiveKit.NoApiFaults();
        Assert.Equal(creator.IngressId, await RecordedIngress(creator));
        await TestCreator.Read(await creator.Api.DeleteAsync(Ingress), HttpStatusCode.OK);
        Assert.Empty(await _system.IngressesIn(await creator.Room()));
        await (await creator.Api.DeleteAsync(Ingress)).IsError(404, "ingress_not_found");
    }

    [Theory]
    [MemberData(nameof(FaultsBeforeAndAfter))]
    public async Task A_reset_whose_deletion_fails_makes_no_second_key(ApiFault fault, int status, string code)
    {
        var creator = await _system.NewChannel();
        await _system.LiveKit.ForgetCalls();
        await _system.LiveKit.ApiFault(fault with { Method = "DeleteIngress" });

        await Refused(await creator.Api.PostAsync(Ingress, null), status, code);

        Assert.DoesNotContain(await _system.LiveKit.Calls(), c => c.Method == "CreateIngress");
        await _system.LiveKit.NoApiFaults();
        await Recovers(creator);
    }

    [Fact]
    public async Task A_reset_asks_LiveKit_to_delete_before_it_asks_to_create()
    {
        var creator = await _system.NewChannel();
        await _system.LiveKit.ForgetCalls();

        await creator.CreateIngress();

        Assert.Equal(["DeleteIngress", "ListParticipants", "CreateIngress"], (await _system.LiveKit.Calls()).Select(c => c.Method).Where(m => m != "ListIngress"));
    }

    [Fact]
    public async Task A_reset_whose_creation_fails_leaves_the_old_key_dead_and_no_new_one()
    {
        var creator = await _system.NewChannel();
        await _system.LiveKit.ApiFault(new() { Mode = ApiFaultMode.Error, Code = "internal", Method = "CreateIngress" });

        await Refused(await creator.Api.PostAsync(Ingress, null), 502, "livekit_bad_answer");

        await _system.LiveKit.NoApiFaults();
        Assert.False((await _system.LiveKit.GoLive(creator.StreamKey)).Accepted);
        Assert.Null(await RecordedIngress(creator));
        await Recovers(creator);
    }

    [Fact]
    public async Task One_lost_connection_is_tried_again_where_that_is_harmless()
    {
        var creator = await _system.NewChannel();
        await _system.LiveKit.ApiFault(new() { Mode = ApiFaultMode.Refuse, Method = "ListIngress", Times = 1 });
        await _system.LiveKit.ApiFault(new() { Mode = ApiFaultMode.Refuse, Method = "DeleteIngress", Times = 1, When = ApiFaultMoment.After });

        await creator.CreateIngress();
        Assert.Equal([creator.IngressId], (await _system.IngressesIn(await creator.Room())).Select(i => i.IngressId));
    }

    [Fact]
    public async Task A_key_that_LiveKit_does_not_know_any_more_is_deleted_already()
    {
        var creator = await _system.NewChannel();
        await _system.LiveKit.ApiFault(new() { Mode = ApiFaultMode.Error, Code = "not_found", Method = "DeleteIngress" });

        await TestCreator.Read(await creator.Api.DeleteAsync(Ingress), HttpStatusCode.OK);
        Assert.Null(await RecordedIngress(creator));
    }

    [Fact]
    public async Task With_LiveKit_down_nothing_is_changed()
    {
        var (newcomer, creator) = (await _system.NewCreator(), await _system.NewChannel());
        unwell.LiveKitWire.Cut();

        await Refused(await newcomer.Api.PostAsync(Ingress, null), 503, "livekit_unavailable");
        await Refused(await creator.Api.PostAsync(Ingress, null), 503, "livekit_unavailable");
        await Refused(await creator.Api.DeleteAsync(Ingress), 503, "livekit_unavailable");
        Assert.Equal(creator.IngressId, await RecordedIngress(creator)); // all else works meanwhile

        unwell.LiveKitWire.Restore();
        Assert.True((await _system.LiveKit.GoLive(creator.StreamKey)).Accepted);
        await Recovers(newcomer);
    }

    [Fact]
    public async Task A_LiveKit_that_accepts_and_never_answers_is_not_waited_for()
    {
        var creator = await _system.NewChannel();
        unwell.LiveKitWire.Freeze();

        await Refused(await creator.Api.PostAsync(Ingress, null), 503, "livekit_timeout");

        unwell.LiveKitWire.Thaw();
        Assert.Equal(creator.IngressId, await RecordedIngress(creator));
        await Recovers(creator);
    }

    [Fact]
    public async Task Postgres_going_away_before_the_key_is_recorded_takes_the_key_back()
    {
        var creator = await _system.NewCreator();
        await using var holding = await _system.Database.Source.OpenConnectionAsync();
        await using var hold = await holding.BeginTransactionAsync();
        await Execute(holding, "lock table ingresses in share mode"); // the record waits for us: LiveKit has made the key by then
        var request = creator.Api.PostAsync(Ingress, null);
        await Eventually.True(async () => await Execute(holding, "select exists (select from pg_locks where relation = 'ingresses'::regclass and not granted)") is true);

        await Execute(holding, CutAllOthers);

        await Refused(await request, 503, "service_unavailable");
        await hold.RollbackAsync();
        Assert.Empty(await _system.IngressesIn(await creator.Room()));
        Assert.Null(await RecordedIngress(creator));
        await Recovers(creator);
    }

    /// <summary>The right to change a key is a lock in Postgres, which Postgres forgets when it restarts.</summary>
    [Fact]
    public async Task A_creation_that_has_lost_its_turn_does_not_take_the_key_of_the_next_one_along()
    {
        var creator = await _system.NewCreator();
        await _system.LiveKit.ApiFault(new() { Mode = ApiFaultMode.Slow, Method = "CreateIngress", When = ApiFaultMoment.After, DelayMs = 700, Times = 1 });
        var first = creator.Api.PostAsync(Ingress, null);
        await Eventually.True(async () => (await _system.LiveKit.Calls()).Any(c => c.Method == "CreateIngress"));
        await using (var restart = await _system.Database.Source.OpenConnectionAsync()) await Execute(restart, CutAllOthers);

        await Eventually.True(async () => await creator.TryCreateIngress()); // 503 for as long as connections from before are in the pool
        await first;

        Assert.Equal([creator.IngressId], (await _system.IngressesIn(await creator.Room())).Select(i => i.IngressId));
        Assert.Equal(creator.IngressId, await RecordedIngress(creator));
    }

    [Fact]
    public async Task Requests_that_overlap_a_slow_LiveKit_make_one_key()
    {
        var creator = await _system.NewCreator();
        await _system.LiveKit.ApiFault(new() { Mode = ApiFaultMode.Slow, DelayMs = 100 });

        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => creator.Api.PostAsync(Ingress, null)));

        var created = Assert.Single(answers, a => a.StatusCode == HttpStatusCode.Created);
        foreach (var other in answers.Except([created])) await other.IsError(409, "ingress_changing");
        Assert.Single(await _system.LiveKit.Calls(), c => c.Method == "CreateIngress");
        Assert.Single(await _system.IngressesIn(await creator.Room()));
    }

    [Fact]
    public async Task A_caller_who_goes_away_stops_nothing_half_way()
    {
        var creator = await _system.NewCreator();
        await _system.LiveKit.ApiFault(new() { Mode = ApiFaultMode.Slow, Method = "CreateIngress", When = ApiFaultMoment.After, DelayMs = 300 });
        using var impatience = new CancellationTokenSource();
        var request = creator.Api.PostAsync(Ingress, null, impatience.Token);
        await Eventually.True(async () => (await _system.LiveKit.Calls()).Any(c => c.Method == "CreateIngress"));

        await impatience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request);

        var recorded = await Eventually.NotNull(() => RecordedIngress(creator));
        await _system.LiveKit.NoApiFaults();
        Assert.Equal([recorded], (await _system.IngressesIn(await creator.Room())).Select(i => i.IngressId));
    }

    private static async Task Refused(HttpResponseMessage answer, int status, string code)
    {
        await answer.IsError(status, code);
        Assert.Equal(status == 503, answer.Headers.RetryAfter is not null);
    }

    /// <summary>The next request makes a key that works and is the only one.</summary>
    private async Task Recovers(TestCreator creator)
    {
        await creator.CreateIngress();
        Assert.Equal([creator.IngressId], (await _system.IngressesIn(await creator.Room())).Select(i => i.IngressId));
        Assert.Equal(creator.IngressId, await RecordedIngress(creator));
        Assert.True((await _system.LiveKit.GoLive(creator.StreamKey)).Accepted);
    }

    private static async Task<string?> RecordedIngress(TestCreator creator)
    {
        var ingress = (await creator.Info()).GetProperty("ingress");
        return ingress.ValueKind == System.Text.Json.JsonValueKind.Null ? null : ingress.GetProperty("id").GetString();
    }

    private static async Task<object?> Execute(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }

    /// <summary>An API with a wire between LiveKit and itself. It is less patient with LiveKit than usual, and patient enough for a busy machine.</summary>
    public sealed class Unwell : IAsyncLifetime
    {
        public TcpProxy LiveKitWire { get; private set; } = null!;

        public TestSystem System { get; private set; } = null!;

        public async Task InitializeAsync() =>
            (System, LiveKitWire) = await TestSystem.StartOverWireAsync(new Dictionary<string, string> { ["LiveKit__CallTimeout"] = "00:00:03" }, withWorker: false);

        public async Task DisposeAsync()
        {
            await System.DisposeAsync();
            await LiveKitWire.DisposeAsync();
        }
    }
}
