using StackExchange.Redis;
using Streaming.Core.Events;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Worker;

/// <summary>What came in equals what became of it, and where it does not the books say so.</summary>
public sealed class AccountingTests : IAsyncLifetime
{
    private TestDatabase _database = null!;
    private RedisServer _server = null!;
    private ConnectionMultiplexer _redis = null!;
    private EventQueue _queue = null!;
    private EventApplier _applier = null!;
    private DeadLetters _dead = null!;
    private Spool _spool = null!;
    private Accounting _books = null!;

    public async Task InitializeAsync()
    {
        _database = await TestDatabase.NewAsync();
        _server = await RedisServer.StartAsync();
        _redis = await ConnectionMultiplexer.ConnectAsync(_server.ConnectionString + ",allowAdmin=true");
        _queue = new EventQueue(_redis, TimeProvider.System);
        _applier = new EventApplier(_database.Source);
        _dead = new DeadLetters(_database.Source);
        _spool = new Spool(_database.Source, TimeProvider.System);
        _books = new Accounting(_database.Source, _redis);
        await Prepare();
    }

    public async Task DisposeAsync()
    {
        await _redis.DisposeAsync();
        await _server.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Fact]
    public async Task Every_delivery_is_counted_once_and_at_every_moment_the_books_balance()
    {
        var channel = await _database.NewChannel();
        var started = Started(channel.Id, "RT_1");
        LiveKitEvent[] deliveries =
        [
            started, started, // the same event twice
            started with { Id = "EV_again" }, // LiveKit often says it twice
            Started(Guid.CreateVersion7(), "RT_foreign"), // of no channel of ours
            new LiveKitEvent { Id = "EV_broken", Kind = EventKinds.Unreadable, Unreadable = "not JSON" },
        ];
        foreach (var delivery in deliveries) await _queue.Enqueue(delivery);
        await Balances((5, default, 5));

        var read = await _queue.Read("me", 10);
        foreach (var entry in read.Take(4)) await _applier.Apply([entry], default);
        await Balances((5, new Outcomes(Applied: 1, Superseded: 1, Skipped: 1, Duplicate: 1), 1));
        foreach (var entry in read.Take(4)) await _applier.Apply([entry], default); // handed out again after a crash before the acknowledgement
        await Balances((5, new Outcomes(1, 1, 1, 1), 1));

        for (var i = 0; i < 2; i++) await _dead.Add(read[4], "not JSON", 1, default);
        await _queue.Done([.. read.Select(e => e.EntryId)]);
        await Balances((5, new Outcomes(1, 1, 1, 1, Dead: 1), 0));
    }

    [Fact]
    public async Task The_same_event_twice_in_one_batch_is_one_effect_and_one_duplicate()
    {
        var channel = await _database.NewChannel();
        for (var i = 0; i < 2; i++) await _queue.Enqueue(Started(channel.Id, "RT_1"));
        await Apply(10);
        await Balances((2, new Outcomes(Applied: 1, 0, 0, Duplicate: 1), 0));
    }

    [Fact]
    public async Task What_comes_by_the_spool_is_counted_with_what_comes_by_Redis()
    {
        var channel = await _database.NewChannel();
        await _queue.Enqueue(Started(channel.Id, "RT_1"));
        await _spool.Add(Started(channel.Id, "RT_1")); // Redis had it, but did not say so in time
        await _spool.Add(Started(channel.Id, "RT_2"));
        await _spool.Add(Started(channel.Id, "RT_2")); // LiveKit sent it again while it waits: a duplicate at once
        await Balances((4, new Outcomes(0, 0, 0, Duplicate: 1), 3));

        var spooled = await _spool.Peek(10, default);
        await _applier.Apply(spooled, default);
        await Balances((4, new Outcomes(2, 0, 0, 1), 1));
        await _spool.Done([.. spooled.Select(e => e.EntryId)]);
        await Apply(10);
        await Balances((4, new Outcomes(2, 0, 0, 2), 0));
    }

    [Fact]
    public async Task A_replayed_dead_letter_is_another_delivery_and_is_resolved_by_being_applied()
    {
        var channel = await _database.NewChannel();
        await _queue.Enqueue(Started(channel.Id, "RT_1"));
        var entry = (await _queue.Read("me", 1)).Single();
        await _dead.Add(entry, "a bug", 5, default);
        await _queue.Done([entry.EntryId]);

        await _queue.Enqueue((await _dead.Find(entry.Event.Id, default))!);
        await Apply(1);
        Assert.Equal(0, await _dead.Count(default));
        await Balances((2, new Outcomes(1, 0, 0, 0, Dead: 1), 0));
        await _dead.Add(entry, "too late", 5, default); // another worker held it and gives up only now
        Assert.Equal(0, await _dead.Count(default));
    }

    [Fact]
    public async Task A_delivery_that_was_taken_for_deadly_and_then_applied_after_all_has_one_end()
    {
        var channel = await _database.NewChannel();
        await _queue.Enqueue(Started(channel.Id, "RT_1"));
        var entry = (await _queue.Read("me", 1)).Single();
        await _dead.Add(entry, "crashed the worker", 20, default); // by another worker, while this one is slow
        await _queue.Done([entry.EntryId]);

        await _applier.Apply([entry], default);
        Assert.Equal(0, await _dead.Count(default));
        await Balances((1, new Outcomes(1, 0, 0, 0), 0));
    }

    [Fact]
    public async Task An_event_that_leaves_the_queue_without_an_end_is_missed()
    {
        var channel = await _database.NewChannel();
        for (var i = 0; i < 3; i++) await _queue.Enqueue(Started(channel.Id, $"RT_{i}"));
        await Apply(2);
        Assert.True((await _books.Read(default)).IsBalanced);
        var last = (await _queue.Read("me", 1)).Single();
        await _queue.Done([last.EntryId]); // acknowledged before it was applied, and then the power failed
        Assert.False((await _books.Read(default)).IsBalanced);
    }

    [Fact]
    public async Task An_effect_that_happens_twice_is_missed()
    {
        var channel = await _database.NewChannel();
        await _queue.Enqueue(Started(channel.Id, "RT_1"));
        var entry = (await _queue.Read("me", 1)).Single();
        await _applier.Apply([entry], default);
        await _queue.Done([entry.EntryId]);
        await Execute("delete from processed_events"); // as if there were no inbox
        await _applier.Apply([entry], default);
        Assert.False((await _books.Read(default)).IsBalanced);
    }

    [Fact]
    public async Task An_emptied_Redis_begins_a_new_chapter_and_a_destroyed_group_does_not()
    {
        var channel = await _database.NewChannel();
        for (var i = 0; i < 3; i++) await _queue.Enqueue(Started(channel.Id, $"RT_{i}"));
        await Apply(3);
        await _redis.GetDatabase().ExecuteAsync("XGROUP", "DESTROY", EventQueue.StreamKey, EventQueue.Group);
        await Prepare();
        await Balances((3, new Outcomes(3, 0, 0, 0), 0));

        await _redis.GetDatabase().ExecuteAsync("FLUSHALL");
        Assert.False((await _books.Read(default)).IsOpen);
        await _queue.Enqueue(Started(channel.Id, "RT_9")); // before any worker noticed
        await Prepare();
        await Balances((4, new Outcomes(3, 0, 0, 0), 1));
        await Apply(1);
        await Balances((4, new Outcomes(4, 0, 0, 0), 0));
    }

    [Fact]
    public async Task The_books_balance_at_any_moment_while_two_apply_and_duplicates_rain()
    {
        var channels = new List<Guid>();
        for (var i = 0; i < 10; i++) channels.Add((await _database.NewChannel()).Id);
        using var stop = new CancellationTokenSource();
        var feeding = Feed();
        var consuming = Task.WhenAll(Consume("one"), Consume("two"));
        for (var i = 0; i < 50; i++) Assert.True((await _books.Read(default)) is { IsBalanced: true } || !(await _books.Read(default)).IsOpen);
        await feeding;
        await Eventually.Equal(0, async () => await _redis.GetDatabase().StreamLengthAsync(EventQueue.StreamKey));
        await stop.CancelAsync();
        await consuming;
        await Balances((800, new Outcomes(400, 0, 0, 400), 0));

        async Task Feed()
        {
            for (var i = 0; i < 400; i++)
                for (var copy = 0; copy < 2; copy++) await _queue.Enqueue(Started(channels[i % 10], $"RT_{i}"));
        }

        async Task Consume(string name)
        {
            while (!stop.IsCancellationRequested)
            {
                var read = await _queue.Read(name, 20);
                await _applier.Apply(read, default);
                await _queue.Done([.. read.Select(e => e.EntryId)]);
            }
        }
    }

    private async Task Prepare()
    {
        await _books.Open(default);
        await _queue.EnsureGroup();
    }

    private async Task Apply(int count)
    {
        var read = await _queue.Read("me", count);
        await _applier.Apply(read, default);
        await _queue.Done([.. read.Select(e => e.EntryId)]);
    }

    private async Task Balances((long Received, Outcomes Outcomes, long Pending) expected)
    {
        var account = await _books.Read(default);
        Assert.Equal(expected, (account.Received, account.Outcomes, account.Pending));
        Assert.True(account.IsBalanced, $"{account}");
    }

    private async Task Execute(string sql)
    {
        await using var command = _database.Source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    private static LiveKitEvent Started(Guid channel, string resource) => new()
    {
        Id = $"EV_{resource}",
        Kind = "ingress_started",
        CreatedAt = DateTimeOffset.UnixEpoch.AddDays(20000),
        Ingress = new IngressFacts("IN_x", resource, $"{channel}", DateTimeOffset.UnixEpoch.AddDays(20000).AddSeconds(resource.GetHashCode(StringComparison.Ordinal) % 1000), null, null),
    };
}
