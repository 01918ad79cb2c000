using System.Globalization;
using System.Net.Http.Headers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using Streaming.Api.Auth;
using Streaming.Tests.Api;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Security;

/// <summary>Session tokens that only the auth server can read.</summary>
public sealed class OpaqueTokenTests : IAsyncLifetime
{
    private const string Token = "q7WmC2Yx0pTbRkVf1sNzL8hJd5Ag3Eu9", Frontend = "https://www.example.com", Cookie = "better-auth.session_token";

    private readonly FakeTimeProvider _time = new(TimeProvider.System.GetUtcNow());
    private AuthServer _auth = null!;
    private TestDatabase _database = null!;
    private SmallApp _app = null!;

    public async Task InitializeAsync()
    {
        _auth = await AuthServer.Start(_time);
        _auth.Sessions[Token] = ("user-1", _time.GetUtcNow().AddHours(-3));
        _database = await TestDatabase.NewAsync();
        _app = await Start();
    }

    public async Task DisposeAsync()
    {
        await _app.DisposeAsync();
        await _auth.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Theory]
    [InlineData(Token)]
    [InlineData(Token + ".3FzqVxJ+qg8fOpIcF0DkmWmZ4yAAb/1nO0q2k9f5x5I=")]
    [InlineData(Token + ".3FzqVxJ%2Bqg8fOpIcF0DkmWmZ4yAAb%2F1nO0q2k9f5x5I%3D")]
    public async Task The_auth_server_is_asked_whose_it_is_and_since_when(string token)
    {
        Assert.Equal($"user-1 {_time.GetUtcNow().AddHours(-3).ToUnixTimeSeconds()}", await (await _app.Get("/me", token)).Content.ReadAsStringAsync());
        Assert.Equal("auth_time sub", await (await _app.Get("/claims", token)).Content.ReadAsStringAsync()); // and not what it says of roles
        Assert.Equal(200, await Try(_auth.Token("user-2"))); // JWTs as ever
    }

    [Fact]
    public async Task Without_a_session_there_is_no_getting_in()
    {
        await (await _app.Get("/me", "nobodys-token-nobodys-token")).IsError(401, "unauthorized");
        await (await _app.Get("/me")).IsError(401, "unauthorized");
        Assert.Equal(1, _auth.Questions);
    }

    [Theory]
    [InlineData("short")]
    [InlineData("a token with blanks in it")]
    [InlineData("q7WmC2Yx0pTbRkVf1sNzL8hJd5Ag3Eu9.x")]
    [InlineData("q7WmC2Yx0pTbRkVf1sNzL8hJd5Ag3Eu9;a=b")]
    public async Task What_cannot_be_a_token_is_not_asked_about(string token)
    {
        await (await _app.Get("/me", token)).IsError(401, "unauthorized");
        Assert.Equal(0, _auth.Questions);
    }

    [Fact]
    public async Task Where_no_deployment_asks_for_it_no_such_token_is_accepted()
    {
        await using var app = await SmallApp.Start(Routes, _auth, _database, _time);

        await (await app.Get("/me", Token)).IsError(401, "unauthorized");
        Assert.Equal(0, _auth.Questions);
    }

    [Fact]
    public async Task A_crowd_with_one_token_is_one_question_in_30_seconds()
    {
        var release = new TaskCompletionSource();
        _auth.InsteadOfSession = async c => { await release.Task; _auth.InsteadOfSession = null; await c.Response.WriteAsJsonAsync(Session("user-1")); };
        var crowd = Enumerable.Range(0, 50).Select(_ => Try(Token)).ToList();
        await Eventually.True(() => _auth.Questions == 1);
        release.SetResult();

        Assert.All(await Task.WhenAll(crowd), status => Assert.Equal(200, status));
        _time.Advance(TimeSpan.FromSeconds(29));
        Assert.Equal(200, await Try(Token));
        Assert.Equal(1, _auth.Questions);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(200, await Try(Token));
        Assert.Equal(2, _auth.Questions);
    }

    [Fact]
    public async Task A_session_that_was_ended_is_refused_within_30_seconds()
    {
        Assert.Equal(200, await Try(Token));
        _auth.Sessions.Clear();
        _time.Advance(TimeSpan.FromSeconds(30));

        Assert.Equal(401, await Try(Token));
        Assert.Equal(401, await Try(Token));
        Assert.Equal(2, _auth.Questions); // that there is none is known for a while too
    }

    [Fact]
    public async Task While_the_auth_server_is_away_known_sessions_live_out_their_30_seconds_and_then_nobody_is_called_a_stranger()
    {
        Assert.Equal(200, await Try(Token));
        foreach (var failure in new Func<HttpContext, Task>[]
        {
            c => { c.Abort(); return Task.CompletedTask; },
            c => { c.Response.StatusCode = 500; return Task.CompletedTask; },
            c => { c.Response.StatusCode = 429; return Task.CompletedTask; },
            c => { c.Response.Redirect("https://attacker.example.com/"); return Task.CompletedTask; },
            c => c.Response.WriteAsync("<html>"),
            c => c.Response.WriteAsync("null" + new string(' ', OpaqueTokens.MaxBytes)),
        })
        {
            _auth.InsteadOfSession = null;
            _time.Advance(TimeSpan.FromSeconds(31));
            Assert.Equal(200, await Try(Token));

            _auth.InsteadOfSession = failure;
            _time.Advance(TimeSpan.FromSeconds(29));
            Assert.Equal(200, await Try(Token));
            _time.Advance(TimeSpan.FromSeconds(2));
            var refused = await _app.Get("/me", Token);
            await refused.IsError(503, "auth_unavailable");
            Assert.NotNull(refused.Headers.RetryAfter);
        }
    }

    [Fact]
    public async Task An_auth_server_that_cannot_be_reached_is_left_alone_for_a_second()
    {
        _auth.InsteadOfSession = c => { c.Abort(); return Task.CompletedTask; };
        await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => Try(Token)));
        var questions = _auth.Questions;
        for (var i = 0; i < 20; i++) Assert.Equal(503, await Try(Token));
        Assert.Equal(questions, _auth.Questions);

        _auth.InsteadOfSession = null;
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(200, await Try(Token));
    }

    [Theory]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("7")]
    [InlineData("""{"session":null,"user":null}""")]
    [InlineData("""{"session":{"userId":"a","expiresAt":"2999-01-01T00:00:00Z"},"user":{"id":"b"}}""")]
    [InlineData("""{"session":{"userId":"a:b","expiresAt":"2999-01-01T00:00:00Z"},"user":{"id":"a:b"}}""")]
    [InlineData("""{"session":{"userId":"a","expiresAt":"2020-01-01T00:00:00Z"},"user":{"id":"a"}}""")]
    [InlineData("""{"session":{"userId":"a"},"user":{"id":"a"}}""")]
    [InlineData("""{"session":{"userId":7,"expiresAt":"2999-01-01T00:00:00Z"},"user":{"id":7}}""")]
    public async Task An_answer_that_names_nobody_is_none(string answer)
    {
        _auth.InsteadOfSession = c => c.Response.WriteAsync(answer);

        Assert.Equal(401, await Try(Token));
    }

    [Fact]
    public async Task Who_guesses_is_not_asked_for_any_more_and_users_elsewhere_get_in()
    {
        await using var app = await Start(new() { ["RateLimits:UnknownTokens:Requests"] = "20", ["Http:KnownProxies:0"] = "127.0.0.1" });
        var answers = new List<int>();
        for (var i = 0; i < 100; i++) answers.Add((int)(await From("203.0.113.7", $"{Guid.CreateVersion7():N}")).StatusCode);

        Assert.Equal((20, 80), (answers.Count(s => s == 401), answers.Count(s => s == 429)));
        Assert.Equal(20, _auth.Questions);
        Assert.Equal(200, (int)(await From("203.0.113.8", Token)).StatusCode);
        Assert.Equal(200, (int)(await From("203.0.113.7", Token)).StatusCode); // whom everybody knows by now

        Task<HttpResponseMessage> From(string address, string token) => app.Send(HttpMethod.Get, "/me", (byte[]?)null, r =>
        {
            r.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            r.Headers.Add("X-Forwarded-For", address);
        });
    }

    [Fact]
    public async Task There_is_a_bound_on_questions_in_a_second_whoever_asks()
    {
        await using var app = await Start(new() { ["SessionTokens:SessionCallsPerSecond"] = "10", ["RateLimits:UnknownTokens:Requests"] = "100000" });

        var answers = await Task.WhenAll(Enumerable.Range(0, 200).Select(async i => (int)(await app.Get("/me", $"{Guid.CreateVersion7():N}")).StatusCode));
        Assert.Equal((10, 190, 10), (answers.Count(s => s == 401), answers.Count(s => s == 503), _auth.Questions));

        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(200, (int)(await app.Get("/me", Token)).StatusCode);
    }

    [Theory]
    [InlineData("GET", null, null, 200)]
    [InlineData("GET", Frontend, "same-site", 200)]
    [InlineData("GET", "https://evil.example.com", "cross-site", 401)]
    [InlineData("POST", Frontend, "same-site", 200)]
    [InlineData("POST", Frontend, null, 200)]
    [InlineData("POST", "https://api.example.com", "same-origin", 200)]
    [InlineData("POST", null, null, 401)]
    [InlineData("POST", null, "none", 401)]
    [InlineData("POST", "null", "cross-site", 401)]
    [InlineData("POST", "https://evil.example.com", "cross-site", 401)]
    [InlineData("POST", "https://www.example.com.evil.example.com", "cross-site", 401)]
    [InlineData("POST", "https://other.example.com", "same-site", 401)]
    public async Task A_cookie_counts_in_requests_of_our_own_frontends_only(string method, string? origin, string? site, int status)
    {
        await using var app = await Start(new() { ["SessionTokens:Cookies:0"] = Cookie, ["Http:CorsOrigins:0"] = Frontend });

        var response = await app.Send(new HttpMethod(method), "/me", (byte[]?)null, r =>
        {
            r.Headers.Add("Cookie", $"theme=dark; {Cookie}={Token}.3FzqVxJ%2Bqg8fOpIcF0DkmWmZ4yAAb%2F1nO0q2k9f5x5I%3D");
            if (origin is not null) r.Headers.Add("Origin", origin);
            if (site is not null) r.Headers.Add("Sec-Fetch-Site", site);
        });

        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal(origin == Frontend, response.Headers.Contains("Access-Control-Allow-Credentials"));
    }

    [Fact]
    public async Task A_cookie_that_no_deployment_named_does_not_count_nor_does_one_beside_a_header()
    {
        await (await With(_app, null)).IsError(401, "unauthorized");
        await using var app = await Start(new() { ["SessionTokens:Cookies:0"] = Cookie });
        Assert.Equal(200, (int)(await With(app, null)).StatusCode);
        foreach (var header in new[] { "Bearer x", "Basic eDp5", "Bearer nobodys-token-nobodys-token" }) await (await With(app, header)).IsError(401, "unauthorized");

        static Task<HttpResponseMessage> With(SmallApp app, string? authorization) => app.Send(HttpMethod.Get, "/me", (byte[]?)null, r =>
        {
            r.Headers.Add("Cookie", $"{Cookie}={Token}");
            if (authorization is not null) r.Headers.TryAddWithoutValidation("Authorization", authorization);
        });
    }

    private Task<SmallApp> Start(Dictionary<string, string?>? settings = null) => SmallApp.Start(Routes, _auth, _database, _time, settings: new Dictionary<string, string?>(settings ?? [])
    {
        ["SessionTokens:SessionUrl"] = $"{_auth.SessionUrl}",
        ["RateLimits:Anonymous:Requests"] = "1000000",
        ["RateLimits:PerUser:Requests"] = "1000000",
    });

    private static void Routes(WebApplication app)
    {
        app.MapGet("/me", (CurrentUser user) => $"{user.Id} {user.SignedInAt?.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture)}");
        app.MapPost("/me", (CurrentUser user) => user.Id);
        app.MapGet("/claims", (HttpContext http) => string.Join(' ', http.User.Claims.Select(c => c.Type).Order()));
    }

    private object Session(string userId) => new { session = new { userId, createdAt = _time.GetUtcNow(), expiresAt = _time.GetUtcNow().AddDays(7) }, user = new { id = userId } };

    private async Task<int> Try(string token) => (int)(await _app.Get("/me", token)).StatusCode;
}
