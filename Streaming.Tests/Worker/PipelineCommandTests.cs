using System.Net.Http.Json;
using System.Text.Json;
using StackExchange.Redis;
using Streaming.Core.Creators;
using Streaming.Core.Events;
using Streaming.Core.LiveKit;
using Streaming.Tests.Api;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Worker;

/// <summary>What operators see of the pipeline, and how they give an event another chance.</summary>
public sealed class PipelineCommandTests : IAsyncLifetime
{
    private TestSystem _system = null!;
    private ConnectionMultiplexer _redis = null!;
    private EventQueue _queue = null!;

    public async Task InitializeAsync()
    {
        _system = await TestSystem.StartAsync(new Dictionary<string, string> { ["Consuming__MaxAttempts"] = "1" });
        _redis = await ConnectionMultiplexer.ConnectAsync(_system.Redis.ConnectionString);
        _queue = new EventQueue(_redis, TimeProvider.System);
    }

    public async Task DisposeAsync()
    {
        await _redis.DisposeAsync();
        await _system.DisposeAsync();
    }

    [Fact]
    public async Task A_worker_that_did_not_see_Redis_being_emptied_opens_the_books_for_its_new_life()
    {
        var books = new Accounting(_system.Database.Source, _redis);
        await Eventually.True(async () => (await books.Read(default)).IsOpen);

        // In one step, as when another worker was the first to make the group anew.
        await _redis.GetDatabase().ScriptEvaluateAsync("redis.call('FLUSHALL') redis.call('XGROUP', 'CREATE', KEYS[1], ARGV[1], '0', 'MKSTREAM')", [EventQueue.StreamKey], [EventQueue.Group]);
        Assert.False((await books.Read(default)).IsOpen);
        await Eventually.True(async () => (await books.Read(default)) is { IsOpen: true, IsBalanced: true });
    }

    [Fact]
    public async Task A_dead_letter_is_listed_replayed_and_resolved()
    {
        var channel = await _system.Database.NewChannel();
        await Execute($"alter table ingest_segments add constraint bug check (channel_id <> '{channel.Id}')");
        for (var i = 0; i < 3; i++) await _queue.Enqueue(Started(channel.Id, $"RT_{i}"));
        await _queue.Enqueue(WireEvent.Read("{ broken"u8.ToArray()) with { Id = "EV_broken" });
        await Eventually.Equal("4", () => One("select count(*) from dead_letters"));

        var (exit, shown) = await Run("--dead-letters");
        Assert.Equal(0, exit);
        Assert.Contains("EV_RT_0", shown, StringComparison.Ordinal);
        Assert.Contains("the database refuses it (23514)", shown, StringComparison.Ordinal);
        Assert.Contains("4 dead letters", shown, StringComparison.Ordinal);

        (exit, shown) = await Run("--replay", "EV_nobody");
        Assert.Equal((1, true), (exit, shown.Contains("There is no dead letter EV_nobody.", StringComparison.Ordinal)));

        await Execute("alter table ingest_segments drop constraint bug"); // the bug is mended
        Assert.Equal(0, (await Run("--replay", "EV_RT_0")).Exit);
        await Eventually.Equal("3", () => One("select count(*) from dead_letters"));
        Assert.Equal(0, (await Run("--replay", "all")).Exit);
        await Eventually.Equal("EV_broken", () => One("select string_agg(event_id, ',') from dead_letters")); // which no mending makes readable
        await Eventually.Equal("3", () => One("select count(*) from processed_events"));
        Assert.Equal("3", await One("select count(*) from ingest_segments"));

        await Eventually.Equal(0, async () => await _redis.GetDatabase().StreamLengthAsync(EventQueue.StreamKey));
        (exit, shown) = await Run("--accounting");
        Assert.Contains("Balanced.", shown, StringComparison.Ordinal);
        Assert.Equal(0, exit);
        Assert.Matches(@"received +8\b", shown);
        Assert.Matches(@"\+ dead +4\b", shown);
    }

    [Fact]
    public async Task Administrators_and_nobody_else_may_look()
    {
        var channel = await _system.Database.NewChannel();
        await _queue.Enqueue(WireEvent.Read("{ broken"u8.ToArray()) with { Id = "EV_broken_1" });
        await _queue.Enqueue(WireEvent.Read("{ broken"u8.ToArray()) with { Id = "EV_broken_2" });
        await _queue.Enqueue(Started(channel.Id, "RT_1"));
        await Eventually.Equal("2", () => One("select count(*) from dead_letters"));
        await Eventually.Equal(0, async () => await _redis.GetDatabase().StreamLengthAsync(EventQueue.StreamKey));
        using var somebody = await _system.As("somebody");
        using var admin = await _system.As("admin");
        foreach (var path in new[] { "/api/admin/events", "/api/admin/accounting" })
        {
            await (await _system.Anonymous.GetAsync(new Uri(path, UriKind.Relative))).IsError(401, "unauthorized");
            await (await somebody.GetAsync(new Uri(path, UriKind.Relative))).IsError(403, "forbidden");
            await (await admin.GetAsync(new Uri(path, UriKind.Relative))).IsError(403, "forbidden");
        }

        await using (var db = _system.Database.Open())
        {
            db.Administrators.Add(new Administrator("admin", TimeProvider.System.GetUtcNow()));
            await db.SaveChangesAsync();
        }

        var first = await admin.GetFromJsonAsync<JsonElement>("/api/admin/events?status=dead&limit=1");
        var second = await admin.GetFromJsonAsync<JsonElement>($"/api/admin/events?limit=1&cursor={first.GetProperty("nextCursor").GetString()}");
        Assert.Equal(["EV_broken_1", "EV_broken_2"], new[] { first, second }.Select(p => p.GetProperty("items")[0].GetProperty("id").GetString()!));
        Assert.False(second.TryGetProperty("nextCursor", out _));
        var account = await admin.GetFromJsonAsync<JsonElement>("/api/admin/accounting");
        Assert.True(account.GetProperty("isBalanced").GetBoolean());
        Assert.Equal((3, 1, 2), (account.GetProperty("received").GetInt32(), account.GetProperty("applied").GetInt32(), account.GetProperty("dead").GetInt32()));

        var cursor = first.GetProperty("nextCursor").GetString()!;
        foreach (var bad in new[] { "***", "_w", "", "EV_broken_1", cursor + "A", cursor[1..], (cursor[0] == 'A' ? 'B' : 'A') + cursor[1..] })
            await (await admin.GetAsync(new Uri($"/api/admin/events?cursor={bad}", UriKind.Relative))).IsError(400, "invalid_cursor");
        foreach (var bad in new[] { "limit=0", "limit=-1", "limit=1000000000", "limit=x", "limit=101", "status=alive", $"cursor={new string('a', 600)}" })
            Assert.Equal(400, (int)(await admin.GetAsync(new Uri($"/api/admin/events?{bad}", UriKind.Relative))).StatusCode);
    }

    [Theory]
    [InlineData("--replay all")]
    [InlineData("--dead-letters")]
    [InlineData("--accounting")]
    public async Task A_store_that_is_away_is_said_in_one_sentence(string command)
    {
        var (exit, shown) = await Run(command.Split(' '), new() { ["ConnectionStrings__streamingdb"] = "Host=127.0.0.1;Port=1;Timeout=1", ["ConnectionStrings__redis"] = "127.0.0.1:1,abortConnect=false,connectTimeout=500,asyncTimeout=500" });
        Assert.Equal(1, exit);
        Assert.Matches("(Postgres|Redis) does not answer", shown);
        Assert.DoesNotContain("   at ", shown, StringComparison.Ordinal);
    }

    private Task<(int Exit, string Output)> Run(params string[] arguments) => Run(arguments, []);

    private async Task<(int Exit, string Output)> Run(string[] arguments, Dictionary<string, string> settings)
    {
        await using var process = await _system.RunAsync("Streaming.WebhookWorker", arguments, settings);
        return (await process.Exited.WaitAsync(TimeSpan.FromSeconds(30)), process.Log);
    }

    private async Task<string> One(string sql) => (await _system.Database.Rows(sql))[0];

    private async Task Execute(string sql)
    {
        await using var command = _system.Database.Source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    private static LiveKitEvent Started(Guid channel, string resource) => new()
    {
        Id = $"EV_{resource}",
        Kind = "ingress_started",
        CreatedAt = DateTimeOffset.UnixEpoch.AddDays(20000),
        Ingress = new IngressFacts("IN_x", resource, $"{channel}", DateTimeOffset.UnixEpoch.AddDays(20000), null, null),
    };
}
