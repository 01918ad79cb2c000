using System.Net;
using System.Text;
using LiveKitSimulator;
using Streaming.AppHost.Local;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Api;

/// <summary>Repeating a POST with its Idempotency-Key. The tests share a system of their own, one after the other: faults strike everyone.</summary>
public sealed class IdempotencyTests(IdempotencyTests.Own own) : IClassFixture<IdempotencyTests.Own>, IAsyncLifetime
{
    private readonly TestSystem _system = own.System;

    public async Task InitializeAsync() => await _system.LiveKit.NoApiFaults();

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task A_repeated_creation_gives_the_same_key_and_makes_no_second_one()
    {
        var creator = await _system.NewCreator();
        using var first = await Post(creator, "same");
        using var second = await Post(creator, "same");

        var (a, b) = (await TestCreator.Read(first, HttpStatusCode.Created), await TestCreator.Read(second, HttpStatusCode.Created));
        Assert.Equal(a.GetRawText(), b.GetRawText());
        Assert.Equal((first.Headers.Location, false), (second.Headers.Location, first.Headers.Contains("Idempotency-Replayed")));
        Assert.Equal(["true"], second.Headers.GetValues("Idempotency-Replayed"));
        Assert.Single(await _system.IngressesIn(await creator.Room()));
        using var third = await Post(creator, "another");
        Assert.NotEqual(a.GetRawText(), (await TestCreator.Read(third, HttpStatusCode.Created)).GetRawText());
        await (await Post(creator, "same")).IsError(404, "ingress_not_found"); // that key has been reset since
    }

    [Fact]
    public async Task A_key_of_another_request_is_refused()
    {
        var creator = await _system.NewCreator();
        using var first = await Post(creator, "one");
        await TestCreator.Read(first, HttpStatusCode.Created);

        await (await Post(creator, "one", """{"ingressType":"WHIP"}""")).IsError(422, "idempotency_key_reused");
        await (await Post(creator, "one", query: "?replace=true")).IsError(422, "idempotency_key_reused");
        Assert.Equal("RTMP", (await creator.Info()).GetProperty("ingress").GetProperty("type").GetString());
        using var foreign = await Post(await _system.NewCreator(), "one", """{"ingressType":"WHIP"}""");
        await TestCreator.Read(foreign, HttpStatusCode.Created); // everyone has his own
    }

    [Theory]
    [InlineData("")]
    [InlineData("two words")]
    [InlineData("x", 256)]
    public async Task A_key_that_is_none_is_refused(string key, int times = 1)
    {
        var creator = await _system.NewCreator();
        await (await Post(creator, string.Concat(Enumerable.Repeat(key, times)))).IsError(400, "invalid_idempotency_key");
    }

    [Fact]
    public async Task Twins_wait_for_the_one_answer()
    {
        var creator = await _system.NewCreator();
        await _system.LiveKit.ApiFault(new() { Mode = ApiFaultMode.Slow, Method = "CreateIngress", DelayMs = 500 });

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Post(creator, "twins")));

        var bodies = await Task.WhenAll(answers.Select(a => TestCreator.Read(a, HttpStatusCode.Created)));
        Assert.Single(bodies.Select(b => b.GetRawText()).Distinct());
        Assert.Single(await _system.IngressesIn(await creator.Room()));
    }

    [Fact]
    public async Task A_failure_is_not_remembered()
    {
        var creator = await _system.NewCreator();
        await _system.LiveKit.ApiFault(new() { Mode = ApiFaultMode.Error, Code = "internal", Method = "CreateIngress", Times = 1 });

        await (await Post(creator, "again")).IsError(502, "livekit_bad_answer");
        using var second = await Post(creator, "again");

        await TestCreator.Read(second, HttpStatusCode.Created);
        Assert.Single(await _system.IngressesIn(await creator.Room()));
    }

    [Fact]
    public async Task A_creation_killed_between_LiveKit_and_our_record_is_repeated_and_leaves_one_key()
    {
        var creator = await _system.NewCreator();
        await _system.LiveKit.ForgetCalls();
        await _system.LiveKit.ApiFault(new() { Mode = ApiFaultMode.Slow, Method = "CreateIngress", When = ApiFaultMoment.After, DelayMs = 20_000, Times = 1 });
        var killed = Post(creator, "killed");
        await Eventually.True(async () => (await _system.LiveKit.Calls()).Any(c => c.Method == "CreateIngress"));
        _system.Api.Send(Signal.Kill);
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => killed);
        await _system.Api.DisposeAsync();
        await _system.StartApiAsync();

        var created = await Eventually.Read(async () => await Post(creator, "killed"), answer => answer.StatusCode == HttpStatusCode.Created);

        var key = (await TestCreator.Read(created, HttpStatusCode.Created)).GetProperty("streamKey").GetString();
        var room = await creator.Room();
        Assert.Equal([key], (await _system.IngressesIn(room)).Select(i => i.StreamKey));
        using var again = await Post(creator, "killed");
        Assert.Equal(key, (await TestCreator.Read(again, HttpStatusCode.Created)).GetProperty("streamKey").GetString());
    }

    [Fact]
    public async Task Neither_the_stream_key_nor_the_idempotency_key_is_stored()
    {
        var creator = await _system.NewCreator();
        using var answer = await Post(creator, "a-key-to-look-for");
        await TestCreator.Read(answer, HttpStatusCode.Created);

        var rows = await _system.Database.Rows("select r::text from remembered_requests r");
        Assert.Contains(rows, r => r.Contains(creator.UserId, StringComparison.Ordinal));
        Assert.DoesNotContain(rows, r => r.Contains(TestSystem.KeyPrefix, StringComparison.Ordinal) || r.Contains(Convert.ToHexStringLower(Encoding.ASCII.GetBytes(TestSystem.KeyPrefix)), StringComparison.Ordinal)
            || r.Contains("a-key-to-look-for", StringComparison.Ordinal));
    }

    private static async Task<HttpResponseMessage> Post(TestCreator creator, string key, string body = "{}", string query = "")
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri("/api/stream/ingress" + query, UriKind.Relative)) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
        return await creator.Api.SendAsync(request);
    }

    /// <summary>An API that soon gives up on an attempt that has died.</summary>
    public sealed class Own : IAsyncLifetime
    {
        public TestSystem System { get; private set; } = null!;

        public async Task InitializeAsync() => System = await TestSystem.StartAsync(new Dictionary<string, string> { ["Idempotency__Lease"] = "00:00:04" }, withWorker: false);

        public async Task DisposeAsync() => await System.DisposeAsync();
    }
}
