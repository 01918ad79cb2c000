using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.RateLimiting;
using Streaming.Api.Auth;
using Streaming.Api.Http;
using Streaming.Tests.Api;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Security;

/// <summary>Headers, origins, limits: what holds for every endpoint alike.</summary>
public sealed class HttpRulesTests : IAsyncLifetime
{
    private AuthServer _auth = null!;
    private TestDatabase _database = null!;

    public async Task InitializeAsync()
    {
        _auth = await AuthServer.Start();
        _database = await TestDatabase.NewAsync();
    }

    public async Task DisposeAsync()
    {
        await _auth.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Theory]
    [InlineData("/open", false, "no-store")]
    [InlineData("/me", true, "no-store")]
    [InlineData("/me", false, "no-store")]
    [InlineData("/nowhere", false, "no-store")]
    [InlineData("/boom", false, "no-store")]
    [InlineData("/list", false, "public, max-age=2")]
    public async Task Every_answer_carries_the_headers_that_keep_it_safe(string path, bool signedIn, string cacheControl)
    {
        await using var app = await Start();
        var response = await app.Get(path, signedIn ? _auth.Token() : null);

        Assert.False(response.Headers.Contains("Server"));
        Assert.False(response.Headers.Contains("X-Powered-By"));
        Assert.Equal(["nosniff"], response.Headers.GetValues("X-Content-Type-Options"));
        Assert.Contains(cacheControl.Split(',')[0], response.Headers.CacheControl!.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Production", "https", true)]
    [InlineData("Production", "http", false)]
    [InlineData("Development", "https", false)]
    public async Task Behind_TLS_browsers_are_told_to_stay_there(string environment, string scheme, bool told)
    {
        await using var app = await Start(environment, new() { ["Http:KnownProxies:0"] = "127.0.0.1" });
        var response = await app.Send(HttpMethod.Get, "/open", (byte[]?)null, r =>
        {
            r.Headers.Host = "api.example.com";
            r.Headers.Add("X-Forwarded-Proto", scheme);
        });

        Assert.Equal(told, response.Headers.Contains("Strict-Transport-Security"));
    }

    [Theory]
    [InlineData("https://www.example.com", true)]
    [InlineData("https://WWW.example.com", false)]
    [InlineData("http://www.example.com", false)]
    [InlineData("https://www.example.com:8443", false)]
    [InlineData("https://www.example.com.evil.org", false)]
    [InlineData("https://evil-www.example.com", false)]
    [InlineData("https://evil.org", false)]
    [InlineData("null", false)]
    [InlineData("*", false)]
    public async Task Only_the_origins_that_are_named_may_call_from_a_browser(string origin, bool allowed)
    {
        await using var app = await Start(settings: new() { ["Http:CorsOrigins:0"] = "https://www.example.com" });
        foreach (var method in new[] { HttpMethod.Get, HttpMethod.Options })
        {
            var response = await app.Send(method, "/me", (byte[]?)null, r =>
            {
                r.Headers.TryAddWithoutValidation("Origin", origin);
                if (method != HttpMethod.Options) return;
                r.Headers.Add("Access-Control-Request-Method", "GET");
                r.Headers.Add("Access-Control-Request-Headers", "authorization");
            });

            Assert.Equal(allowed ? [origin] : [], response.Headers.TryGetValues("Access-Control-Allow-Origin", out var found) ? found : []);
            Assert.False(response.Headers.Contains("Access-Control-Allow-Credentials"));
        }
    }

    [Fact]
    public async Task No_origin_may_call_unless_one_is_named()
    {
        await using var app = await Start();
        var response = await app.Send(HttpMethod.Options, "/me", (byte[]?)null, r =>
        {
            r.Headers.Add("Origin", "https://www.example.com");
            r.Headers.Add("Access-Control-Request-Method", "GET");
        });

        Assert.DoesNotContain(response.Headers, h => h.Key.StartsWith("Access-Control-", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task A_user_who_asks_too_often_is_told_when_to_come_back()
    {
        await using var app = await Start(settings: new() { ["RateLimits:PerUser:Requests"] = "3" });
        var token = _auth.Token("busy");
        for (var i = 0; i < 3; i++) Assert.Equal(200, (int)(await app.Get("/me", token)).StatusCode);

        var refused = await app.Get("/me", token);

        await refused.IsError(429, "rate_limited");
        Assert.InRange(int.Parse(refused.Headers.RetryAfter!.ToString(), null), 1, 10);
        Assert.Equal(200, (int)(await app.Get("/me", _auth.Token("calm"))).StatusCode);
        Assert.Equal(200, (int)(await app.Get("/open")).StatusCode);
    }

    [Fact]
    public async Task Key_changes_have_limits_of_their_own_by_the_minute_and_by_the_day()
    {
        await using var app = await Start(settings: new() { ["RateLimits:IngressChanges:Requests"] = "5", ["RateLimits:IngressChangesPerDay:Requests"] = "7" });
        var creator = _auth.Token("creator");
        for (var i = 0; i < 5; i++) Assert.Equal(200, (int)(await app.Send(HttpMethod.Post, "/keys", (byte[]?)null, As(creator))).StatusCode);

        var sixth = await app.Send(HttpMethod.Post, "/keys", (byte[]?)null, As(creator));
        await sixth.IsError(429, "rate_limited");
        Assert.InRange(int.Parse(sixth.Headers.RetryAfter!.ToString(), null), 1, 60);
        Assert.Equal(200, (int)(await app.Get("/me", creator)).StatusCode);
        Assert.Equal(200, (int)(await app.Send(HttpMethod.Post, "/keys", (byte[]?)null, As(_auth.Token("another")))).StatusCode);

        await using var days = await Start(settings: new() { ["RateLimits:IngressChanges:Requests"] = "100", ["RateLimits:IngressChangesPerDay:Requests"] = "7" });
        for (var i = 0; i < 7; i++) Assert.Equal(200, (int)(await days.Send(HttpMethod.Post, "/keys", (byte[]?)null, As(creator))).StatusCode);
        var eighth = await days.Send(HttpMethod.Post, "/keys", (byte[]?)null, As(creator));
        await eighth.IsError(429, "rate_limited");
        Assert.InRange(int.Parse(eighth.Headers.RetryAfter!.ToString(), null), 3600, 24 * 3600);
    }

    [Fact]
    public async Task An_invented_forwarded_address_makes_nobody_new()
    {
        await using var app = await Start(settings: new() { ["RateLimits:Anonymous:Requests"] = "5" });

        var answers = new List<int>();
        for (var i = 0; i < 8; i++) answers.Add((int)(await app.Send(HttpMethod.Get, "/open", (byte[]?)null, r => r.Headers.Add("X-Forwarded-For", $"203.0.113.{i}"))).StatusCode);

        Assert.Equal([200, 200, 200, 200, 200, 429, 429, 429], answers);
    }

    [Fact]
    public async Task Behind_a_known_proxy_each_address_counts_for_itself_and_only_what_the_proxy_says_is_believed()
    {
        await using var app = await Start(settings: new() { ["RateLimits:Anonymous:Requests"] = "2", ["Http:KnownProxies:0"] = "127.0.0.0/8" });
        async Task<int> From(string forwarded) => (int)(await app.Send(HttpMethod.Get, "/open", (byte[]?)null, r => r.Headers.Add("X-Forwarded-For", forwarded))).StatusCode;

        Assert.Equal(200, await From("203.0.113.1"));
        Assert.Equal(200, await From("203.0.113.1"));
        Assert.Equal(429, await From("203.0.113.1"));
        Assert.Equal(200, await From("203.0.113.2"));
        Assert.Equal(429, await From("198.51.100.7, 203.0.113.1")); // what the client itself put there is not looked at
        Assert.Equal(200, await From("2001:db8::1"));
        Assert.Equal(200, await From("2001:db8::2"));
        Assert.Equal(429, await From("2001:db8::3:4:5:6")); // one /64, one customer
        Assert.Equal(200, await From("2001:db8:0:1::1"));
    }

    [Fact]
    public async Task Only_failed_signatures_are_counted()
    {
        await using var app = await Start(settings: new() { ["RateLimits:FailedSignatures:Requests"] = "20", ["RateLimits:Anonymous:Requests"] = "5" });

        var answers = await Task.WhenAll(Enumerable.Range(0, 1000).Select(async i => (Good: i % 2 == 0, Status: (int)(await app.Get(i % 2 == 0 ? "/signed?good=true" : "/signed?good=false")).StatusCode)));

        Assert.All(answers.Where(a => a.Good), a => Assert.Equal(200, a.Status));
        Assert.Equal(20, answers.Count(a => a.Status == 401));
        Assert.Equal(480, answers.Count(a => a.Status == 429));
    }

    [Fact]
    public async Task A_body_that_drips_in_is_cut_off()
    {
        await using var app = await Start();
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, app.Address.Port);
        var stream = socket.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"));
        var started = Stopwatch.StartNew();
        using var dripping = new CancellationTokenSource();
        var drip = Task.Run(async () =>
        {
            using var second = new PeriodicTimer(TimeSpan.FromSeconds(1));
            while (await second.WaitForNextTickAsync(dripping.Token)) await stream.WriteAsync(" "u8.ToArray());
        });

        var answer = new byte[4096];
        var length = await stream.ReadAsync(answer).AsTask().WaitAsync(TimeSpan.FromSeconds(30));

        Assert.InRange(started.Elapsed, TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(15));
        Assert.StartsWith("HTTP/1.1 408", Encoding.ASCII.GetString(answer, 0, length), StringComparison.Ordinal);
        await dripping.CancelAsync();
        await Assert.ThrowsAnyAsync<Exception>(() => drip); // cancelled, or the connection is closed
    }

    private static Action<HttpRequestMessage> As(string token) => request => request.Headers.Add("Authorization", $"Bearer {token}");

    private Task<SmallApp> Start(string environment = "Production", Dictionary<string, string?>? settings = null) => SmallApp.Start(app =>
    {
        app.MapGet("/open", () => "open").AllowAnonymous();
        app.MapGet("/boom", string () => throw new InvalidOperationException()).AllowAnonymous();
        app.MapPost("/echo", (Dictionary<string, string> body) => body).AllowAnonymous();
        app.MapGet("/list", (HttpContext http) => { http.Response.Headers.CacheControl = "public, max-age=2"; return "list"; }).AllowAnonymous();
        app.MapGet("/me", (CurrentUser user) => user.Id);
        app.MapPost("/keys", (CurrentUser user) => user.Id).RequireRateLimiting(Limits.IngressChanges);
        app.MapGet("/signed", IResult (HttpContext http, FailedSignatureLimiter failures, bool good) => good ? Results.Ok() : failures.Refuse(http)).AllowAnonymous().DisableRateLimiting();
    }, _auth, _database, environment: environment, settings: settings);
}
