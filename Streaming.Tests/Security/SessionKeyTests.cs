using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using Streaming.Api.Auth;
using Streaming.Tests.Api;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Security;

/// <summary>How the auth server's keys are fetched, kept and renewed.</summary>
public sealed class SessionKeyTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new(TimeProvider.System.GetUtcNow());
    private AuthServer _auth = null!;
    private TestDatabase _database = null!;
    private SmallApp _app = null!;

    public async Task InitializeAsync()
    {
        _auth = await AuthServer.Start(_time);
        _database = await TestDatabase.NewAsync();
        _app = await Start();
    }

    public async Task DisposeAsync()
    {
        await _app.DisposeAsync();
        await _auth.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Fact]
    public async Task Many_first_requests_share_one_fetch()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Try(_auth.Token())));

        Assert.All(answers, status => Assert.Equal(200, status));
        Assert.Equal(1, _auth.Fetches);
    }

    [Fact]
    public async Task A_new_key_is_accepted_after_one_fetch_and_the_old_one_still_is()
    {
        var old = _auth.Token();
        Assert.Equal(200, await Try(old));

        var rotated = SigningKey.Ed25519();
        _auth.Published = [rotated.Jwk(), _auth.Key.Jwk()];

        Assert.Equal(200, await Try(_auth.Token(key: rotated)));
        Assert.Equal(2, _auth.Fetches);
        Assert.Equal(200, await Try(old));
        Assert.Equal(2, _auth.Fetches);
    }

    [Fact]
    public async Task A_thousand_invented_key_ids_cause_one_fetch_in_30_seconds()
    {
        Assert.Equal(200, await Try(_auth.Token()));
        for (var round = 1; round <= 3; round++)
        {
            var answers = await Storm(1000);

            Assert.All(answers, status => Assert.Equal(401, status));
            Assert.Equal(1 + round, _auth.Fetches);
            _time.Advance(TimeSpan.FromSeconds(30));
        }
    }

    [Fact]
    public async Task A_storm_before_anything_is_known_causes_one_fetch_too()
    {
        Assert.All(await Storm(1000), status => Assert.Equal(401, status));
        Assert.Equal(1, _auth.Fetches);
    }

    [Fact]
    public async Task A_storm_does_not_keep_a_rotation_out_for_longer_than_30_seconds()
    {
        await Storm(10);
        var rotated = SigningKey.Ed25519();
        _auth.Published = [rotated.Jwk()];
        Assert.Equal(401, await Try(_auth.Token(key: rotated)));

        _time.Advance(TimeSpan.FromSeconds(30));

        Assert.Equal(200, await Try(_auth.Token(key: rotated)));
    }

    [Fact]
    public async Task Known_keys_stay_in_use_while_the_auth_server_is_away_or_publishes_nothing()
    {
        Assert.Equal(200, await Try(_auth.Token()));
        foreach (var failure in new Func<HttpContext, Task>[]
        {
            c => { c.Abort(); return Task.CompletedTask; },
            c => { c.Response.StatusCode = 500; return Task.CompletedTask; },
            c => { c.Response.Redirect("https://attacker.example.com/jwks"); return Task.CompletedTask; },
            c => c.Response.WriteAsync("""{"keys":[]}"""),
            c => c.Response.WriteAsync("""{"keys":[{"kty":"oct","k":"AAAA","kid":"1"}]}"""),
            c => c.Response.WriteAsync("""{"keys":7}"""),
            c => c.Response.WriteAsync("[]"),
            c => c.Response.WriteAsync("<html>"),
            c => c.Response.WriteAsync("""{"keys":[],"padding":" """ + new string('a', SessionKeys.MaxBytes) + "\"}"),
        })
        {
            _auth.Instead = failure;
            _time.Advance(TimeSpan.FromMinutes(11));
            var fetches = _auth.Fetches;

            Assert.Equal(200, await Try(_auth.Token()));
            Assert.Equal(401, await Try(_auth.Token(key: SigningKey.Ed25519())));
            Assert.Equal(200, await Try(_auth.Token()));
            Assert.InRange(_auth.Fetches - fetches, 1, 2);
        }

        _auth.Instead = null;
        _auth.Published = [SigningKey.Ed25519().Jwk()];
        _time.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal(401, await Try(_auth.Token())); // back, and the old key is withdrawn
    }

    [Fact]
    public async Task A_withdrawn_key_is_refused_after_ten_minutes_at_the_latest()
    {
        var token = _auth.Token(claims: c => c["exp"] = _time.GetUtcNow().AddHours(1).ToUnixTimeSeconds());
        Assert.Equal(200, await Try(token));
        _auth.Published = [SigningKey.Ed25519().Jwk()];

        _time.Advance(TimeSpan.FromMinutes(4));
        Assert.Equal(200, await Try(token));
        Assert.Equal(1, _auth.Fetches);

        _time.Advance(TimeSpan.FromMinutes(6));
        Assert.Equal(401, await Try(token));
    }

    [Fact]
    public async Task A_token_that_was_good_is_refused_once_its_key_is_another_under_the_same_id()
    {
        var token = _auth.Token(claims: c => c["exp"] = _time.GetUtcNow().AddHours(1).ToUnixTimeSeconds());
        for (var i = 0; i < 2; i++) Assert.Equal(200, await Try(token));
        _auth.Published = [SigningKey.Ed25519(_auth.Key.KeyId).Jwk()];

        _time.Advance(TimeSpan.FromMinutes(10));
        Assert.Equal(401, await Try(token));
    }

    [Fact]
    public async Task A_token_that_was_good_is_refused_from_its_end_on_and_so_is_every_other_that_is_nearly_the_same()
    {
        var token = _auth.Token();
        for (var i = 0; i < 2; i++) Assert.Equal(200, await Try(token));
        foreach (var place in new[] { 0, token.IndexOf('.', StringComparison.Ordinal) + 1, token.LastIndexOf('.') + 1 })
            Assert.Equal(401, await Try(token[..place] + (token[place] == 'A' ? 'B' : 'A') + token[(place + 1)..]));
        Assert.Equal(401, await Try(token[..token.LastIndexOf('.')] + "."));

        _time.Advance(TimeSpan.FromMinutes(15) + TimeSpan.FromSeconds(29));
        Assert.Equal(200, await Try(token));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(401, await Try(token));
    }

    [Fact]
    public async Task Keys_are_renewed_in_passing_before_anyone_has_to_wait_for_it()
    {
        Assert.Equal(200, await Try(_auth.Token()));
        var release = new TaskCompletionSource();
        _auth.Instead = async c => { await release.Task; c.Response.StatusCode = 500; };
        _time.Advance(TimeSpan.FromMinutes(6));

        Assert.Equal(200, await Try(_auth.Token())); // while the renewal hangs
        await Eventually.True(() => _auth.Fetches == 2);
        release.SetResult();
    }

    [Fact]
    public async Task A_token_that_nobody_can_check_yet_is_not_called_invalid()
    {
        _auth.Instead = c => { c.Abort(); return Task.CompletedTask; };

        var response = await _app.Get("/me", _auth.Token());
        await response.IsError(503, "auth_unavailable");
        Assert.Equal("5", response.Headers.RetryAfter?.ToString());
        await (await _app.Get("/me")).IsError(401, "unauthorized");
        await (await _app.Get("/me", "x")).IsError(401, "unauthorized");

        _auth.Instead = null;
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(200, await Try(_auth.Token()));
    }

    [Fact]
    public async Task An_auth_server_that_hangs_is_waited_for_5_seconds()
    {
        _auth.Instead = c => Task.Delay(Timeout.Infinite, c.RequestAborted);
        var started = System.Diagnostics.Stopwatch.StartNew();

        await (await _app.Get("/me", _auth.Token())).IsError(503, "auth_unavailable");

        Assert.InRange(started.Elapsed, TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(9));
    }

    [Fact]
    public async Task A_caller_who_goes_away_does_not_end_the_fetch_for_the_others()
    {
        var release = new TaskCompletionSource();
        _auth.Instead = async c => { await release.Task; _auth.Instead = null; await c.Response.WriteAsJsonAsync(new { keys = _auth.Published }); };
        using var impatient = new CancellationTokenSource();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/me") { Headers = { { "Authorization", $"Bearer {_auth.Token()}" } } };
        var first = _app.Client.SendAsync(request, impatient.Token);
        await Eventually.True(() => _auth.Fetches == 1);
        var second = Try(_auth.Token());

        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        release.SetResult();

        Assert.Equal(200, await second);
        Assert.Equal(1, _auth.Fetches);
    }

    private Task<SmallApp> Start() => SmallApp.Start(
        app => app.MapGet("/me", (CurrentUser user) => user.Id), _auth, _database, _time,
        settings: new Dictionary<string, string?> { ["RateLimits:Anonymous:Requests"] = "1000000", ["RateLimits:PerUser:Requests"] = "1000000" });

    private async Task<int> Try(string token) => (int)(await _app.Get("/me", token)).StatusCode;

    private Task<int[]> Storm(int requests)
    {
        var forger = SigningKey.Ed25519();
        return Task.WhenAll(Enumerable.Range(0, requests).Select(i => Try(_auth.Token(key: forger, header: h => h["kid"] = $"{Guid.CreateVersion7()}"))));
    }
}
