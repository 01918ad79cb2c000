using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using Microsoft.IdentityModel.Tokens;
using Streaming.Api.Auth;
using Streaming.Core.Creators;
using Streaming.Tests.Api;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Security;

public sealed class SessionTokenTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new(TimeProvider.System.GetUtcNow());
    private readonly SigningKey _ed25519 = SigningKey.Ed25519(), _p256 = SigningKey.P256(), _rsa = SigningKey.Rsa();
    private AuthServer _auth = null!;
    private TestDatabase _database = null!;
    private SmallApp _app = null!;

    public async Task InitializeAsync()
    {
        _auth = await AuthServer.Start(_time, _ed25519, _p256, _rsa);
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
    [InlineData("EdDSA")]
    [InlineData("ES256")]
    [InlineData("RS256")]
    public async Task A_token_of_each_algorithm_is_accepted_and_one_with_a_flipped_bit_is_not(string algorithm)
    {
        var key = new[] { _ed25519, _p256, _rsa }.Single(k => k.Algorithm == algorithm);
        var token = _auth.Token("user-1", key: key);

        Assert.Equal("user-1", await (await _app.Get("/me", token)).Content.ReadAsStringAsync());

        var parts = token.Split('.');
        foreach (var part in new[] { 1, 2 })
        {
            var bytes = Base64UrlEncoder.DecodeBytes(parts[part]);
            bytes[^2] ^= 1;
            var forged = string.Join('.', parts.Select((p, i) => i == part ? Base64UrlEncoder.Encode(bytes) : p));
            await IsRefused(forged);
        }
    }

    [Fact]
    public async Task A_token_as_Better_Auth_makes_it_is_accepted()
    {
        var user = JsonNode.Parse("""
            {"name":"Ann","email":"ann@example.com","emailVerified":false,"image":null,"createdAt":"2025-11-23T00:00:00.000Z",
             "updatedAt":"2025-11-23T00:00:00.000Z","username":"ann","id":"2Zk9gYp0TbqRmVf1x"}
            """)!.AsObject();
        var token = _auth.Token("2Zk9gYp0TbqRmVf1x", claims =>
        {
            foreach (var (name, value) in user) claims[name] = value?.DeepClone();
        });

        Assert.Equal("2Zk9gYp0TbqRmVf1x", await (await _app.Get("/me", token)).Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Without_a_token_nobody_gets_in() => await IsRefused(null);

    [Fact]
    public async Task An_unsigned_token_is_refused()
    {
        var claims = _auth.Claims();
        string Unsigned(string algorithm, string? kid) => Base64UrlEncoder.Encode(new JsonObject { ["alg"] = algorithm, ["kid"] = kid }.ToJsonString()) + "." + Base64UrlEncoder.Encode(claims.ToJsonString()) + ".";

        foreach (var algorithm in new[] { "none", "None", "NONE", "", "EdDSA" }) await IsRefused(Unsigned(algorithm, _ed25519.KeyId));
        await IsRefused(Unsigned("none", null));
    }

    [Fact]
    public async Task A_token_keyed_with_what_is_public_is_refused()
    {
        var x = _ed25519.Jwk()["x"]!.GetValue<string>();
        await IsRefused(_auth.Token(key: SigningKey.Hmac(_ed25519.PublicBytes, _ed25519.KeyId)));
        await IsRefused(_auth.Token(key: SigningKey.Hmac(Encoding.ASCII.GetBytes(x), _ed25519.KeyId)));
        await IsRefused(_auth.Token(key: SigningKey.Hmac(_rsa.PublicBytes, _rsa.KeyId)));
        await IsRefused(_auth.Token(key: SigningKey.Hmac(_rsa.PublicBytes, _rsa.KeyId), header: h => h["alg"] = "RS256"));
    }

    [Fact]
    public async Task The_algorithm_follows_from_the_key_and_never_from_the_token()
    {
        foreach (var (key, claimed) in new[] { (_ed25519, _p256), (_p256, _rsa), (_rsa, _ed25519) })
            await IsRefused(_auth.Token(key: key, header: h => h["kid"] = claimed.KeyId));
        await IsRefused(_auth.Token(key: _rsa, header: h => h["alg"] = "PS256"));
        await IsRefused(_auth.Token(key: _p256, header: h => h["alg"] = "ES384"));
    }

    [Fact]
    public async Task An_algorithm_that_the_deployment_leaves_out_is_refused_though_its_key_is_published()
    {
        await using var app = await Start(new() { ["SessionTokens:Algorithms:0"] = "EdDSA" });

        Assert.Equal(200, (int)(await app.Get("/me", _auth.Token(key: _ed25519))).StatusCode);
        await IsRefused(_auth.Token(key: _p256), app);
        await IsRefused(_auth.Token(key: _rsa), app);
    }

    [Fact]
    public async Task A_key_that_comes_with_the_token_is_ignored()
    {
        var attacker = SigningKey.Ed25519();
        foreach (var header in new Action<JsonObject>[]
        {
            h => h["jwk"] = attacker.Jwk(),
            h => (h["jwk"], h["kid"]) = (attacker.Jwk(kid: _ed25519.KeyId), _ed25519.KeyId),
            h => (h["jku"], h["kid"]) = (_auth.JwksUrl + "?attacker", _ed25519.KeyId),
            h => (h["x5u"], h["kid"]) = ("https://attacker.example.com/", _ed25519.KeyId),
        })
        {
            var fetches = _auth.Fetches;
            await IsRefused(_auth.Token(key: attacker, header: header));
            Assert.InRange(_auth.Fetches - fetches, 0, 1); // our own JWKS at most
        }
    }

    [Fact]
    public async Task The_key_is_found_by_its_id_only()
    {
        await IsRefused(_auth.Token(header: h => h.Remove("kid")));
        await IsRefused(_auth.Token(header: h => h["kid"] = ""));
        await IsRefused(_auth.Token(header: h => h["kid"] = 7));
        await IsRefused(_auth.Token(header: h => h["kid"] = "unknown"));
    }

    [Fact]
    public async Task A_header_extension_that_must_be_understood_is_refused() =>
        await IsRefused(_auth.Token(header: h => (h["crit"], h["b64"]) = (new JsonArray("b64"), true)));

    [Theory]
    [InlineData("enc")]
    [InlineData("")]
    public async Task A_published_key_that_is_not_for_signatures_is_not_used(string use)
    {
        _auth.Published = [_p256.Jwk(), _ed25519.Jwk(use)];

        await IsRefused(_auth.Token(key: _ed25519));
        Assert.Equal(200, (int)(await _app.Get("/me", _auth.Token(key: _p256))).StatusCode);
    }

    [Fact]
    public async Task Published_keys_that_are_weak_broken_or_contradict_themselves_are_not_used()
    {
        var weak = SigningKey.Rsa(bits: 1024);
        var other = SigningKey.Ed25519();
        JsonObject Changed(JsonObject jwk, Action<JsonObject> change) { change(jwk); return jwk; }
        _auth.Published =
        [
            weak.Jwk(),
            Changed(other.Jwk(), j => j["alg"] = "RS256"),
            Changed(SigningKey.Ed25519("short").Jwk(), j => j["x"] = "AAAA"),
            Changed(SigningKey.Ed25519("zero").Jwk(), j => j["x"] = Base64UrlEncoder.Encode(new byte[32])),
            Changed(SigningKey.Ed25519("text").Jwk(), j => j["x"] = "!!"),
            Changed(SigningKey.P256("off-curve").Jwk(), j => j["y"] = j["x"]!.DeepClone()),
            Changed(SigningKey.Ed25519("ops").Jwk(), j => j["key_ops"] = new JsonArray("encrypt")),
            _ed25519.Jwk(),
        ];

        await IsRefused(_auth.Token(key: weak));
        await IsRefused(_auth.Token(key: other));
        Assert.Equal(200, (int)(await _app.Get("/me", _auth.Token(key: _ed25519))).StatusCode);
    }

    [Theory]
    [InlineData("iss", null)]
    [InlineData("iss", "https://auth.example.com/")]
    [InlineData("iss", "https://AUTH.example.com")]
    [InlineData("iss", "https://evil.example.com")]
    [InlineData("aud", null)]
    [InlineData("aud", "https://api.example.com/")]
    [InlineData("aud", "https://other.example.com")]
    [InlineData("aud", "")]
    [InlineData("exp", null)]
    [InlineData("exp", "tomorrow")]
    [InlineData("sub", null)]
    [InlineData("sub", "")]
    [InlineData("sub", " ")]
    [InlineData("sub", "host:1")]
    [InlineData("sub", "a b")]
    [InlineData("sub", "a\n")]
    [InlineData("sub", "ä")]
    [InlineData("sub", "12345678901234567890123456789012345678901234567890123456789012345")]
    public async Task A_claim_that_is_wrong_or_missing_is_refused(string claim, string? value) => await IsRefused(_auth.Token(claims: c =>
    {
        c.Remove(claim);
        if (value is not null) c[claim] = value;
    }));

    [Fact]
    public async Task A_user_id_that_is_no_text_is_refused()
    {
        await IsRefused(_auth.Token(claims: c => c["sub"] = 7));
        await IsRefused(_auth.Token(claims: c => c["sub"] = new JsonArray("a", "b")));
        await IsRefused(_auth.Token(claims: c => c["sub"] = new JsonObject { ["id"] = "a" }));
    }

    [Theory]
    [InlineData(-29, true)]
    [InlineData(-31, false)]
    [InlineData(-3600, false)]
    public async Task Expiry_has_a_skew_of_30_seconds(int seconds, bool accepted)
    {
        var token = _auth.Token(claims: c => c["exp"] = _time.GetUtcNow().AddSeconds(seconds).ToUnixTimeSeconds());

        if (accepted) Assert.Equal(200, (int)(await _app.Get("/me", token)).StatusCode);
        else await IsRefused(token);
    }

    [Fact]
    public async Task A_token_of_the_future_is_refused()
    {
        await IsRefused(_auth.Token(claims: c => c["nbf"] = _time.GetUtcNow().AddSeconds(60).ToUnixTimeSeconds()));
        Assert.Equal(200, (int)(await _app.Get("/me", _auth.Token(claims: c => c["nbf"] = _time.GetUtcNow().AddSeconds(20).ToUnixTimeSeconds()))).StatusCode);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(long.MaxValue)]
    [InlineData(long.MinValue)]
    public async Task Absurd_times_do_no_harm(long exp)
    {
        var response = await _app.Get("/me", _auth.Token(claims: c => c["exp"] = exp));

        Assert.True((int)response.StatusCode is 401 || exp == long.MaxValue, $"{response.StatusCode}");
        Assert.NotEqual(500, (int)response.StatusCode);
    }

    [Fact]
    public async Task A_token_counts_in_the_authorization_header_only()
    {
        var token = _auth.Token();

        await (await _app.Get($"/me?access_token={token}")).IsError(401, "unauthorized");
        await (await _app.Send(HttpMethod.Get, "/me", (byte[]?)null, r => r.Headers.Add("Cookie", $"access_token={token}; better-auth.session_token={token}"))).IsError(401, "unauthorized");
        await (await _app.Send(HttpMethod.Post, "/me", $$"""{"access_token":"{{token}}"}""")).IsError(401, "unauthorized");
        foreach (var header in new[] { token, $"Basic {token}", $"Token {token}", $"Bearer{token}", $"Bearer {token} x", $"Bearer {token}, Bearer {token}", "Bearer", "Bearer " })
            await (await _app.Send(HttpMethod.Get, "/me", (byte[]?)null, r => r.Headers.TryAddWithoutValidation("Authorization", header))).IsError(401, "unauthorized");
    }

    [Theory]
    [InlineData("x")]
    [InlineData("..")]
    [InlineData("a.b.c")]
    [InlineData("e30.e30.")]
    [InlineData("W10.e30.e30")]
    [InlineData("bnVsbA.e30.e30")]
    [InlineData("eyJhbGciOiJFZERTQSJ9.e30.e30.e30.e30")]
    public async Task What_is_no_token_is_refused(string token) => await IsRefused(token);

    [Fact]
    public async Task A_token_of_more_than_8_KiB_is_refused()
    {
        await IsRefused(_auth.Token(claims: c => c["padding"] = new string('a', 7000)));
        Assert.Equal(200, (int)(await _app.Get("/me", _auth.Token(claims: c => c["padding"] = new string('a', 4000)))).StatusCode);
    }

    [Fact]
    public async Task A_LiveKit_token_is_no_session_token()
    {
        var secret = "a-livekit-secret-of-at-least-32-bytes"u8.ToArray();
        var claims = _auth.Claims("user-1");
        claims["iss"] = "APIkey";
        claims["video"] = new JsonObject { ["roomJoin"] = true, ["room"] = "r" };

        await IsRefused(SigningKey.Hmac(secret, "").Sign(claims, h => h.Remove("kid")));
        await IsRefused(SigningKey.Hmac(secret, _ed25519.KeyId).Sign(claims));
    }

    [Fact]
    public async Task A_refusal_does_not_say_why()
    {
        foreach (var token in new[] { null, "x", _auth.Token(claims: c => c["exp"] = 1), _auth.Token(claims: c => c["aud"] = "other"), _auth.Token(key: SigningKey.Ed25519()) })
        {
            var response = await _app.Get("/me", token);

            Assert.Equal("Bearer", response.Headers.WwwAuthenticate.ToString());
            var error = await response.IsError(401, "unauthorized");
            Assert.Equal("A valid session token is needed.", error.GetProperty("error").GetString());
            Assert.False(error.TryGetProperty("details", out _));
        }
    }

    [Fact]
    public async Task A_token_never_says_what_its_holder_may_do()
    {
        var token = _auth.Token("would-be", claims => (claims["role"], claims["creator"], claims["roles"]) = ("admin", true, new JsonArray("creator", "admin")));

        var error = await (await _app.Get("/creator", token)).IsError(403, "creator_access_required");
        Assert.Equal("Creator access required. Please apply and get approved.", error.GetProperty("error").GetString());
        Assert.Equal("sub", await (await _app.Get("/claims", token)).Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Approval_is_asked_of_the_database_each_time()
    {
        var token = _auth.Token("creator");
        Assert.Equal(403, (int)(await _app.Get("/creator", token)).StatusCode); // first sight makes the row that an application needs

        await Decide(a => a.Approve(_time.GetUtcNow()));
        Assert.Equal("creator", await (await _app.Get("/creator", token)).Content.ReadAsStringAsync());

        await Decide(a => a.Revoke("No more.", _time.GetUtcNow()));
        await (await _app.Get("/creator", token)).IsError(403, "creator_access_required");
        await (await _app.Get("/creator")).IsError(401, "unauthorized");

        async Task Decide(Func<CreatorApplication, bool> verdict)
        {
            await using var db = _database.Open();
            var application = db.CreatorApplications.SingleOrDefault(a => a.UserId == "creator") ?? db.CreatorApplications.Add(new CreatorApplication("creator", _time.GetUtcNow())).Entity;
            Assert.True(verdict(application));
            await db.SaveChangesAsync();
        }
    }

    [Fact]
    public async Task A_user_gets_a_row_on_first_sight_of_a_token_and_only_then()
    {
        var token = _auth.Token("newcomer");
        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => _app.Get("/me", token)));
        await _app.Get("/me", _auth.Token("stranger", key: SigningKey.Ed25519()));
        await _app.Get("/open", _auth.Token("guest-with-an-account"));

        Assert.Equal(["guest-with-an-account", "newcomer"], await _database.Rows("select id from users order by id"));
    }

    [Fact]
    public async Task Where_signing_in_is_optional_the_caller_is_known_if_he_did()
    {
        Assert.Equal("nobody", await (await _app.Get("/open")).Content.ReadAsStringAsync());
        Assert.Equal("user-1", await (await _app.Get("/open", _auth.Token("user-1"))).Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task The_database_being_away_is_no_verdict_on_the_token()
    {
        await using var app = await SmallApp.Start(Routes, _auth, database: null, _time);

        var response = await app.Get("/me", _auth.Token());

        await response.IsError(503, "service_unavailable");
        Assert.NotNull(response.Headers.RetryAfter);
    }

    private Task<SmallApp> Start(Dictionary<string, string?>? settings = null) => SmallApp.Start(Routes, _auth, _database, _time, settings: settings);

    private static void Routes(WebApplication app)
    {
        app.MapGet("/me", (CurrentUser user) => user.Id);
        app.MapPost("/me", (CurrentUser user) => user.Id);
        app.MapGet("/claims", (HttpContext http) => string.Join(',', http.User.Claims.Select(c => c.Type)));
        app.MapGet("/creator", (CurrentUser user) => user.Id).RequireAuthorization(ApprovedCreator.Policy);
        app.MapGet("/open", (CurrentUser? user) => user?.Id ?? "nobody").AllowAnonymous();
    }

    private async Task IsRefused(string? token, SmallApp? app = null)
    {
        var response = await (app ?? _app).Get("/me", token);
        await response.IsError(401, "unauthorized");
    }
}
