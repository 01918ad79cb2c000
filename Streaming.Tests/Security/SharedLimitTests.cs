using System.Diagnostics;
using System.Net;
using StackExchange.Redis;
using Streaming.Tests.Api;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Security;

/// <summary>The product's rate limits over two replicas of the API, with Redis and without.</summary>
public sealed class SharedLimitTests(SharedLimitTests.Replicas replicas) : IClassFixture<SharedLimitTests.Replicas>
{
    private const string Address = "/api/creator/application"; // 404 to whoever has not applied

    [Fact]
    public async Task Two_replicas_give_one_creator_five_keys_a_minute_between_them()
    {
        await replicas.RedisIsAsked();
        var (here, there) = await replicas.As((await replicas.System.NewCreator()).UserId);

        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => (i % 2 == 0 ? here : there).PostJson("/api/stream/ingress", "{}")));

        Assert.Equal((5, 15), (answers.Count(a => a.StatusCode is HttpStatusCode.Created or HttpStatusCode.Conflict), answers.Count(a => a.StatusCode == HttpStatusCode.TooManyRequests)));
        foreach (var refused in answers.Where(a => a.StatusCode == HttpStatusCode.TooManyRequests))
        {
            await refused.IsError(429, "rate_limited");
            Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 60);
            Assert.Contains(refused.Headers.GetValues("RateLimit"), h => h.StartsWith("\"keys\";r=0;t=", StringComparison.Ordinal));
            Assert.Contains("\"keys\";q=5;w=60", refused.Headers.GetValues("RateLimit-Policy"));
        }
    }

    [Fact]
    public async Task Two_replicas_give_one_user_one_allowance_but_for_the_tenth_that_each_counts_by_itself()
    {
        await replicas.RedisIsAsked();
        var (here, there) = await replicas.As($"user-{Guid.CreateVersion7():N}");

        var answers = new List<HttpResponseMessage>();
        for (var i = 0; i < 150; i++) answers.Add(await (i % 2 == 0 ? here : there).GetAt(Address));

        Assert.InRange(answers.Count(a => a.StatusCode == HttpStatusCode.NotFound), 90, 110);
        Assert.All(answers, a => Assert.Equal(["\"user\";q=100;w=60"], a.Headers.GetValues("RateLimit-Policy")));
        Assert.Matches("^\"user\";r=99;t=60$", Assert.Single(answers[0].Headers.GetValues("RateLimit")));
        Assert.Matches("^\"user\";r=0;t=[0-9]+$", Assert.Single(answers[^1].Headers.GetValues("RateLimit")));
    }

    [Fact]
    public async Task A_user_is_given_thirty_tokens_to_watch_a_minute_and_all_guests_from_one_address_twenty()
    {
        const string token = "/api/stream/token/nobody-at-all"; // 404 where it is not refused
        await replicas.RedisIsAsked();
        var (user, _) = await replicas.As($"user-{Guid.CreateVersion7():N}");
        using var guests = Browser.At("127.0.0.9", replicas.System.Anonymous.BaseAddress!);

        foreach (var (who, most, policy) in new[] { (user, 30, "\"tokens\";q=30;w=60"), (guests, 20, "\"guest-tokens\";q=20;w=60") })
        {
            var answers = new List<HttpResponseMessage>();
            for (var i = 0; i < 40; i++) answers.Add(await who.GetAt(token));
            Assert.Equal((most, 40 - most), (answers.Count(a => a.StatusCode == HttpStatusCode.NotFound), answers.Count(a => a.StatusCode == HttpStatusCode.TooManyRequests)));
            foreach (var refused in answers.Where(a => a.StatusCode == HttpStatusCode.TooManyRequests))
            {
                await refused.IsError(429, "rate_limited");
                Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 60);
                Assert.Contains(policy, refused.Headers.GetValues("RateLimit-Policy"));
            }
        }
    }

    [Fact]
    public async Task Nobodys_address_is_written_into_Redis()
    {
        await replicas.RedisIsAsked();
        for (var i = 0; i < 15; i++) (await replicas.System.Anonymous.GetAt(Address)).Dispose();

        await using var redis = await ConnectionMultiplexer.ConnectAsync(replicas.System.Redis.ConnectionString);
        var keys = redis.GetServers().Single().Keys(pattern: "allowance:*").Select(k => k.ToString()).ToList();
        Assert.Contains(keys, k => k.StartsWith("allowance:address:", StringComparison.Ordinal));
        foreach (var key in keys) Assert.InRange((await redis.GetDatabase().KeyTimeToLiveAsync(key))!.Value, TimeSpan.Zero, TimeSpan.FromDays(1)); // nor even its hash for long
        Assert.DoesNotContain(keys, k => k.Contains("127.0.0.1", StringComparison.Ordinal) || k.Contains("::1", StringComparison.Ordinal));
    }

    [Fact]
    public async Task While_Redis_is_frozen_each_replica_limits_by_itself_and_nobody_waits_for_it()
    {
        var users = new List<HttpClient>();
        for (var i = 0; i < 20; i++) users.Add((await replicas.As($"user-{Guid.CreateVersion7():N}")).Here);
        foreach (var user in users) (await user.GetAt(Address)).Dispose(); // they are known

        replicas.System.Redis.Freeze();
        try
        {
            var watch = Stopwatch.StartNew();
            foreach (var user in users)
                for (var i = 0; i < 12; i++) Assert.Equal(HttpStatusCode.NotFound, (await user.GetAt(Address)).StatusCode); // past what is counted alone
            Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(10));

            var answers = new List<HttpStatusCode>();
            for (var i = 0; i < 100; i++) answers.Add((await users[0].GetAt(Address)).StatusCode);
            Assert.Equal((87, 13), (answers.Count(s => s == HttpStatusCode.NotFound), answers.Count(s => s == HttpStatusCode.TooManyRequests)));
        }
        finally
        {
            replicas.System.Redis.Thaw();
        }
    }

    [Fact]
    public async Task What_a_replica_counted_by_itself_it_tells_the_others_when_Redis_is_back()
    {
        var creator = await replicas.System.NewCreator();
        var (here, there) = await replicas.As(creator.UserId);
        replicas.System.Redis.Freeze();
        try
        {
            for (var i = 0; i < 3; i++) Assert.Equal(HttpStatusCode.Created, (await here.PostJson("/api/stream/ingress", "{}")).StatusCode);
        }
        finally
        {
            replicas.System.Redis.Thaw();
        }

        await replicas.RedisIsAsked();
        Assert.Equal(HttpStatusCode.Created, (await here.PostJson("/api/stream/ingress", "{}")).StatusCode);
        Assert.Equal(HttpStatusCode.Created, (await there.PostJson("/api/stream/ingress", "{}")).StatusCode);
        await (await there.PostJson("/api/stream/ingress", "{}")).IsError(429, "rate_limited");
        await (await here.PostJson("/api/stream/ingress", "{}")).IsError(429, "rate_limited");
    }

    public sealed class Replicas : IAsyncLifetime
    {
        private readonly Uri _second = new($"http://127.0.0.1:{TestPorts.Next()}");
        private ProcessUnderTest _replica = null!;

        public TestSystem System { get; private set; } = null!;

        public async Task InitializeAsync()
        {
            System = await TestSystem.StartAsync(
                new Dictionary<string, string> { ["RateLimits__PerUser__Seconds"] = "60", ["RateLimits__Anonymous__Seconds"] = "60", ["RateLimits__WaitForRedis"] = "00:00:00.500" }, withWorker: false, generousLimits: false);
            _replica = await System.StartAsync("Streaming.Api", _second);
        }

        /// <summary>The same user at either replica.</summary>
        public async Task<(HttpClient Here, HttpClient There)> As(string userId)
        {
            var here = await System.As(userId);
            return (here, new HttpClient(new Leaks.OfAnswers(new SocketsHttpHandler())) { BaseAddress = _second, DefaultRequestHeaders = { Authorization = here.DefaultRequestHeaders.Authorization } });
        }

        /// <summary>Each replica leaves Redis alone for a while after it met an outage, that of another test too.</summary>
        public async Task RedisIsAsked()
        {
            await using var redis = await ConnectionMultiplexer.ConnectAsync(System.Redis.ConnectionString);
            var (userId, other) = ($"user-{Guid.CreateVersion7():N}", $"user-{Guid.CreateVersion7():N}");
            foreach (var (who, replica) in new[] { (userId, (await As(userId)).Here), (other, (await As(other)).There) })
                await Eventually.True(async () =>
                {
                    (await replica.GetAt(Address)).Dispose();
                    return await redis.GetDatabase().KeyExistsAsync($"allowance:user:{who}");
                });
        }

        public async Task DisposeAsync()
        {
            await _replica.DisposeAsync();
            await System.DisposeAsync();
        }
    }
}
