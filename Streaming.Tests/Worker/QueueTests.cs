using System.Globalization;
using System.Text;
using Npgsql;
using StackExchange.Redis;
using Streaming.Core.Events;
using Streaming.Core.LiveKit;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Worker;

/// <summary>From the queue into the database, whatever dies on the way. Each test has a Redis, a database and workers of its own.</summary>
public sealed class QueueTests : IAsyncLifetime
{
    private static readonly Dictionary<string, string> Quick = new()
    {
        ["Consuming__Lease"] = "00:00:01",
        ["Consuming__ClaimEvery"] = "00:00:00.300",
    };

    private TestSystem _system = null!;
    private ConnectionMultiplexer _redis = null!;
    private EventQueue _queue = null!;
    private int _next;

    public async Task InitializeAsync()
    {
        _system = await TestSystem.StartAsync(Quick, withWorker: false);
        _redis = await ConnectionMultiplexer.ConnectAsync(_system.Redis.ConnectionString + ",abortConnect=false");
        _queue = new EventQueue(_redis, TimeProvider.System);
    }

    public async Task DisposeAsync()
    {
        await _redis.DisposeAsync();
        await _system.DisposeAsync();
    }

    [Fact]
    public async Task What_a_killed_worker_had_in_hand_is_applied_by_another_once()
    {
        var channel = await _system.Database.NewChannel();
        await using var dead = await StartWorker();

        // Its transaction waits for the channel's row, which this test holds: it is killed between reading and committing.
        await using (var connection = await _system.Database.Source.OpenConnectionAsync())
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            await Execute(connection, "select 1 from channels where id = @channel for update", new NpgsqlParameter("channel", channel.Id));
            await _queue.Enqueue(Started(channel.Id, "RT_1"));
            await Eventually.True(async () => (await Group()).PendingMessageCount == 1);
            await dead.KillAsync();
        }

        Assert.Equal(0, await Count("processed_events"));
        await using var heir = await StartWorker();
        await Eventually.Equal(1, () => Count("processed_events"));
        await Drained();
        Assert.Equal(1, await Count("sessions"));
    }

    [Fact]
    public async Task Two_workers_apply_every_event_once_duplicates_and_all()
    {
        const int channels = 40;
        var events = new List<LiveKitEvent>();
        for (var i = 0; i < channels; i++)
        {
            var channel = await _system.Database.NewChannel();
            foreach (var story in new[] { "rtmp-obs-one-viewer", "refused-connection-while-live" })
                events.AddRange(Captured.BodiesFor(story, channel.Id, "someone", $"~{i}{story[0]}~").Select(body => WireEvent.Read(body)));
        }

        var told = events.Concat(events.Where((_, i) => i % 10 == 0)).ToArray();
        new Random(7).Shuffle(told);
        await Task.WhenAll(told.Select(_queue.Enqueue));

        await using var one = await StartWorker();
        await using var other = await StartWorker();
        await Drained(TimeSpan.FromSeconds(30));
        Assert.Empty(await _system.Database.Rows("select kind, reason, attempts, projection from dead_letters"));
        Assert.Equal(events.Count, await Count("processed_events"));
        Assert.Equal(2 * channels, await Count("sessions"));
        Assert.Equal(0, await Count("sessions where media_ended_at is null"));
        Assert.Equal(3 * channels, await Count("ingest_segments")); // one of the three was refused
    }

    [Fact]
    public async Task A_poisonous_event_becomes_a_dead_letter_and_delays_no_other()
    {
        var (bad, good) = (await _system.Database.NewChannel(), await _system.Database.NewChannel());
        await using (var connection = await _system.Database.Source.OpenConnectionAsync())
            await Execute(connection, $"alter table ingest_segments add constraint poison check (channel_id <> '{bad.Id}')");
        await _queue.Enqueue(Started(bad.Id, "RT_bad") with { Id = "EV_bad" });
        await _redis.GetDatabase().StreamAddAsync(EventQueue.StreamKey, "not", "ours");
        await _queue.Enqueue(WireEvent.Read("{ broken"u8.ToArray()));
        for (var i = 0; i < 20; i++) await _queue.Enqueue(Started(good.Id, $"RT_{i}"));

        await using var worker = await StartWorker();
        await Eventually.Equal(20, () => Count("processed_events"), within: TimeSpan.FromSeconds(5));
        await Eventually.Equal(3, () => Count("dead_letters"), within: TimeSpan.FromSeconds(30));
        await Drained();
        var letters = await _system.Database.Rows("select reason, attempts from dead_letters order by reason");
        Assert.Equal(["not JSON that we can read | 1", "not an entry of this product | 1", "the database refuses it (23514) | 5"], letters);
        Assert.Equal(0, await Count("processed_events where event_id = 'EV_bad'"));
    }

    [Fact]
    public async Task An_entry_that_was_handed_out_too_often_is_taken_to_crash_the_worker()
    {
        var channel = await _system.Database.NewChannel();
        await _queue.EnsureGroup();
        await _queue.Enqueue(Started(channel.Id, "RT_1"));
        var entry = (await _queue.Read("dead", 1))[0].EntryId;
        for (var i = 0; i < 20; i++) await _redis.GetDatabase().StreamClaimAsync(EventQueue.StreamKey, EventQueue.Group, "dead", 0, [entry]);

        await using var worker = await StartWorker();
        await Eventually.Equal("crashed the worker", async () => (await _system.Database.Rows("select reason from dead_letters")).SingleOrDefault() ?? "");
        await Drained();
        Assert.Equal(0, await Count("sessions"));
    }

    [Fact]
    public async Task A_worker_that_is_asked_to_stop_finishes_what_it_has_and_leaves_nothing_pending()
    {
        var channel = await _system.Database.NewChannel();
        await using var worker = await StartWorker();
        for (var i = 0; i < 300; i++) await _queue.Enqueue(Started(channel.Id, $"RT_{i}"));
        Assert.Equal(0, await worker.TerminateAsync());
        var left = await _redis.GetDatabase().StreamLengthAsync(EventQueue.StreamKey);
        Assert.Equal(0, (await Group()).PendingMessageCount);
        Assert.Equal(300, left + await Count("processed_events"));
    }

    [Fact]
    public async Task An_emptied_Redis_gets_its_group_back_from_the_beginning()
    {
        var channel = await _system.Database.NewChannel();
        await using var worker = await StartWorker();
        await _redis.GetDatabase().ExecuteAsync("FLUSHALL");
        await _queue.Enqueue(Started(channel.Id, "RT_1"));
        await Eventually.Equal(1, () => Count("processed_events"));
        await Drained();
    }

    [Fact]
    public async Task A_Redis_that_is_killed_and_comes_back_has_lost_nothing()
    {
        var channel = await _system.Database.NewChannel();
        for (var i = 0; i < 50; i++) await _queue.Enqueue(Started(channel.Id, $"RT_{i}"));
        await _system.Redis.KillAsync();
        await _system.Redis.StartAgainAsync();
        await using var worker = await StartWorker();
        await Eventually.Equal(50, () => Count("processed_events"));
        await _system.Redis.KillAsync();
        await _system.Redis.StartAgainAsync();
        await Eventually.True(async () => { await _queue.Enqueue(Started(channel.Id, "RT_last")); return true; });
        await Eventually.Equal(1, () => Count("ingest_segments where resource_id = 'RT_last'"), within: TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task An_outage_of_Postgres_loses_nothing_and_makes_no_dead_letter()
    {
        await using var postgres = await PostgresServer.StartAsync();
        await using var system = await TestSystem.StartAsync(Quick, postgres: postgres);
        await using var redis = await ConnectionMultiplexer.ConnectAsync(system.Redis.ConnectionString);
        var queue = new EventQueue(redis, TimeProvider.System);
        var channel = await system.Database.NewChannel();
        for (var i = 0; i < 3; i++)
        {
            await queue.Enqueue(Started(channel.Id, $"RT_before_{i}"));
            await postgres.CrashAsync();
            await queue.Enqueue(Started(channel.Id, $"RT_during_{i}"));
            await postgres.StartAgainAsync();
        }

        await Eventually.Equal("6", async () => (await system.Database.Rows("select count(*) from processed_events"))[0], within: TimeSpan.FromSeconds(30));
        Assert.Equal(["0"], await system.Database.Rows("select count(*) from dead_letters"));
    }

    private Task<ProcessUnderTest> StartWorker() => _system.StartAsync("Streaming.WebhookWorker", new Uri($"http://127.0.0.1:{TestPorts.Next()}"));

    private LiveKitEvent Started(Guid channel, string resource)
    {
        var body = $$"""
            {"event":"ingress_started", "ingressInfo":{"ingressId":"IN_x", "roomName":"{{channel}}", "state":{"status":"ENDPOINT_PUBLISHING",
             "startedAt":"{{1_795_352_635_443_872_000 + (_next * 1000)}}", "resourceId":"{{resource}}"} }, "id":"EV_{{resource}}_{{_next++}}", "createdAt":"1795352636"}
            """;
        var read = WireEvent.Read(Encoding.UTF8.GetBytes(body));
        Assert.Null(read.Unreadable);
        return read;
    }

    private async Task Drained(TimeSpan? within = null)
    {
        await Eventually.True(async () => await _redis.GetDatabase().StreamLengthAsync(EventQueue.StreamKey) == 0, within);
        Assert.Equal(0, (await Group()).PendingMessageCount);
    }

    private async Task<StreamGroupInfo> Group() => (await _redis.GetDatabase().StreamGroupInfoAsync(EventQueue.StreamKey)).Single();

    private async Task<long> Count(string rows) => long.Parse((await _system.Database.Rows($"select count(*) from {rows}"))[0], CultureInfo.InvariantCulture);

    private static async Task Execute(NpgsqlConnection connection, string sql, params NpgsqlParameter[] parameters)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        command.Parameters.AddRange(parameters);
        await command.ExecuteNonQueryAsync();
    }
}
