using System.Globalization;
using System.Net;
using Streaming.Tests.Api;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Security;

/// <summary>The API as it is deployed: in Production, with the product's own rate limits, an auth server's tokens and one frontend.</summary>
public sealed class ProductionTests(ProductionTests.Deployed deployed) : IClassFixture<ProductionTests.Deployed>
{
    private const string Frontend = "https://www.example.com", Ingress = "/api/stream/ingress", Info = "/api/stream/info", Title = "CANARY-7f3a";

    private readonly TestSystem _system = deployed.System;

    [Fact]
    public async Task The_sixth_change_of_a_key_within_a_minute_has_to_wait_wherever_it_says_it_comes_from()
    {
        var (creator, other) = (await _system.NewCreator(), await _system.NewCreator());
        await _system.LiveKit.ForgetCalls();
        for (var i = 0; i < 5; i++) await creator.CreateIngress();

        for (var i = 0; i < 3; i++)
        {
            using var request = new HttpRequestMessage(i == 2 ? HttpMethod.Delete : HttpMethod.Post, Ingress);
            request.Headers.Add("X-Forwarded-For", $"203.0.113.{i}");
            request.Headers.Add("Forwarded", $"for=203.0.113.{i}");
            request.Headers.Add("X-Real-IP", $"203.0.113.{i}");
            using var refused = await creator.Api.SendAsync(request);
            await refused.IsError(429, "rate_limited");
            Assert.InRange(int.Parse(refused.Headers.RetryAfter!.ToString(), CultureInfo.InvariantCulture), 1, 60);
        }

        Assert.Equal(5, (await _system.LiveKit.Calls()).Count(c => c.Method == "CreateIngress"));
        Assert.True((await _system.LiveKit.GoLive(creator.StreamKey)).Accepted);
        await creator.Info(); // reading is not what is limited
        await other.CreateIngress();
    }

    [Fact]
    public async Task Every_answer_to_a_creator_carries_the_headers_that_keep_it_safe()
    {
        var creator = await _system.NewCreator();
        foreach (var (method, path, body, status) in new (string, string, string?, int)[]
        {
            ("GET", Info, null, 404),
            ("POST", Ingress, null, 201),
            ("POST", Ingress, "{", 400),
            ("GET", Info, null, 200),
            ("PUT", Info, """{"title":"Title"}""", 200),
            ("PUT", Info, """{"title":""}""", 400),
            ("PUT", Info, new string(' ', 20_000), 413),
            ("PUT", "/api/stream/chat-settings", """{"isChatDelayed":true}""", 200),
            ("GET", "/api/stream/status", null, 200),
            ("POST", "/api/stream/creator-token", null, 200),
            ("PATCH", Info, "{}", 405),
            ("GET", "/api/stream/nothing", null, 404),
            ("DELETE", Ingress, null, 200),
            ("DELETE", Ingress, null, 404),
        })
        {
            using var answer = await creator.Api.SendBytes(new HttpMethod(method), path, body is null ? null : System.Text.Encoding.UTF8.GetBytes(body));
            Assert.True(status == (int)answer.StatusCode, $"{method} {path}: {(int)answer.StatusCode} instead of {status}");
            Assert.Equal(["nosniff"], answer.Headers.GetValues("X-Content-Type-Options"));
            Assert.True(answer.Headers.CacheControl is { NoStore: true }, $"{method} {path} may be stored");
            Assert.Equal("application/json", answer.Content.Headers.ContentType?.MediaType);
            foreach (var header in new[] { "Server", "X-Powered-By", "Set-Cookie", "Access-Control-Allow-Origin" }) Assert.False(answer.Headers.Contains(header), $"{method} {path} has {header}");
        }
    }

    [Fact]
    public async Task A_fault_of_ours_tells_the_caller_nothing_and_the_log_no_content()
    {
        var creator = await _system.NewChannel();
        await Execute("alter table channels add constraint boom check (title not like 'CANARY%')");
        string answer;
        try
        {
            using var failed = await creator.Api.PutJson(Info, $$"""{"title":"{{Title}}"}""");
            answer = (await failed.IsError(500, "internal_error")).GetRawText();
        }
        finally
        {
            await Execute("alter table channels drop constraint boom");
        }

        foreach (var leak in new[] { "   at ", "Exception", "Npgsql", "update ", "channels", "boom", "/src/", ".cs", Title })
            Assert.DoesNotContain(leak, answer, StringComparison.OrdinalIgnoreCase);
        await Eventually.True(() => _system.Api.Log.Contains("boom", StringComparison.Ordinal)); // the operator is told what broke
        Assert.DoesNotContain(Title, _system.Api.Log, StringComparison.Ordinal);
        Assert.NotEqual(Title, (await creator.Info()).GetProperty("title").GetString());
    }

    [Theory]
    [InlineData(Frontend, true)]
    [InlineData("https://evil.example.org", false)]
    [InlineData("https://www.example.com.evil.org", false)]
    [InlineData("null", false)]
    public async Task Only_the_frontend_may_call_from_a_browser(string origin, bool allowed)
    {
        foreach (var path in new[] { Info, Ingress, "/api/stream/status" })
        {
            Assert.Equal(allowed ? [origin] : [], await AllowedOrigins(HttpMethod.Options, path, origin));
            Assert.Equal(allowed ? [origin] : [], await AllowedOrigins(HttpMethod.Get, path, origin));
        }
    }

    [Theory]
    [InlineData(Frontend)]
    [InlineData("https://evil.example.org")]
    public async Task LiveKits_own_door_is_for_no_browser_at_all(string origin)
    {
        Assert.Empty(await AllowedOrigins(HttpMethod.Options, "/api/webhook/livekit", origin));
        Assert.Empty(await AllowedOrigins(HttpMethod.Post, "/api/webhook/livekit", origin));
    }

    private async Task<IEnumerable<string>> AllowedOrigins(HttpMethod method, string path, string origin)
    {
        using var request = new HttpRequestMessage(method, path);
        request.Headers.Add("Origin", origin);
        if (method == HttpMethod.Options)
        {
            request.Headers.Add("Access-Control-Request-Method", "POST");
            request.Headers.Add("Access-Control-Request-Headers", "authorization");
        }

        using var answer = await _system.Anonymous.SendAsync(request);
        Assert.False(answer.Headers.Contains("Access-Control-Allow-Credentials"));
        return answer.Headers.TryGetValues("Access-Control-Allow-Origin", out var found) ? found : [];
    }

    private async Task Execute(string sql)
    {
        await using var command = _system.Database.Source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    public sealed class Deployed : IAsyncLifetime
    {
        private AuthServer _auth = null!;

        public TestSystem System { get; private set; } = null!;

        public async Task InitializeAsync()
        {
            _auth = await AuthServer.Start();
            System = await TestSystem.StartAsync(
                new Dictionary<string, string> { ["Http__CorsOrigins__0"] = Frontend }, withWorker: false, auth: _auth, generousLimits: false);
        }

        public async Task DisposeAsync()
        {
            await System.DisposeAsync();
            await _auth.DisposeAsync();
        }
    }
}
