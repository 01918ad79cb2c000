using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Streaming.Tests.Fixtures;

/// <summary>The part of an auth server that the API sees: tokens, and over real HTTP a JWKS and whose an opaque token is.</summary>
public sealed class AuthServer : IAsyncDisposable
{
    public const string Issuer = "https://auth.example.com";
    public const string Audience = "https://api.example.com";

    private readonly WebApplication _app;
    private readonly TimeProvider _time;
    private int _fetches, _questions;

    private AuthServer(WebApplication app, TimeProvider time, SigningKey[] keys) =>
        (_app, _time, Key, Published) = (app, time, keys[0], [.. keys.Select(k => k.Jwk())]);

    /// <summary>What tokens are signed with.</summary>
    public SigningKey Key { get; set; }

    /// <summary>What the JWKS holds.</summary>
    public IReadOnlyList<JsonObject> Published { get; set; }

    /// <summary>Answers instead of the JWKS.</summary>
    public Func<HttpContext, Task>? Instead { get; set; }

    public int Fetches => _fetches;

    /// <summary>The sessions that there are: by opaque token whose, and since when.</summary>
    public ConcurrentDictionary<string, (string UserId, DateTimeOffset Since)> Sessions { get; } = [];

    /// <summary>Answers instead of whose a token is.</summary>
    public Func<HttpContext, Task>? InsteadOfSession { get; set; }

    /// <summary>How often it was asked whose a token is.</summary>
    public int Questions => _questions;

    public Uri SessionUrl => new(new Uri(_app.Urls.Single()), "/api/auth/get-session");

    public Uri JwksUrl => new(new Uri(_app.Urls.Single()), "/api/auth/jwks");

    public static async Task<AuthServer> Start(TimeProvider? time = null, params SigningKey[] keys)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        var server = new AuthServer(app, time ?? TimeProvider.System, keys.Length > 0 ? keys : [SigningKey.Ed25519()]);
        app.MapGet("/api/auth/jwks", server.Answer);
        app.MapGet("/api/auth/get-session", server.AnswerSession);
        await app.StartAsync();
        return server;
    }

    /// <summary>The settings of an API that accepts this server's tokens.</summary>
    public Dictionary<string, string?> Settings => new()
    {
        ["SessionTokens:JwksUrl"] = $"{JwksUrl}",
        ["SessionTokens:Issuer"] = Issuer,
        ["SessionTokens:Audience"] = Audience,
    };

    public JsonObject Claims(string userId = "user-1") => new()
    {
        ["sub"] = userId,
        ["iss"] = Issuer,
        ["aud"] = Audience,
        ["iat"] = _time.GetUtcNow().ToUnixTimeSeconds(),
        ["exp"] = _time.GetUtcNow().AddMinutes(15).ToUnixTimeSeconds(),
    };

    /// <summary>A token of this server, or what becomes of one.</summary>
    public string Token(string userId = "user-1", Action<JsonObject>? claims = null, Action<JsonObject>? header = null, SigningKey? key = null)
    {
        var payload = Claims(userId);
        claims?.Invoke(payload);
        return (key ?? Key).Sign(payload, header);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private Task Answer(HttpContext context)
    {
        Interlocked.Increment(ref _fetches);
        return Instead is { } instead ? instead(context) : context.Response.WriteAsJsonAsync(new JsonObject { ["keys"] = new JsonArray([.. Published.Select(k => k.DeepClone())]) });
    }

    /// <summary>As Better Auth does: 200 and null where there is none, and by the token before the dot of the signed form.</summary>
    private Task AnswerSession(HttpContext context)
    {
        Interlocked.Increment(ref _questions);
        if (InsteadOfSession is { } instead) return instead(context);

        var shown = context.Request.Headers.Authorization is [{ } header] ? header["Bearer ".Length..] : context.Request.Cookies["better-auth.session_token"] ?? "";
        var token = shown.Split('.')[0];
        return context.Response.WriteAsJsonAsync(!Sessions.TryGetValue(token, out var session) ? null : new JsonObject
        {
            ["session"] = new JsonObject { ["token"] = token, ["userId"] = session.UserId, ["createdAt"] = session.Since.ToString("O"), ["expiresAt"] = session.Since.AddDays(7).ToString("O"), ["ipAddress"] = "" },
            ["user"] = new JsonObject { ["id"] = session.UserId, ["email"] = "ann@example.com", ["role"] = "admin" },
        });
    }
}
