using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Streaming.Tests.Fixtures;

/// <summary>The part of an auth server that the API sees: tokens, and a JWKS over real HTTP.</summary>
public sealed class AuthServer : IAsyncDisposable
{
    public const string Issuer = "https://auth.example.com";
    public const string Audience = "https://api.example.com";

    private readonly WebApplication _app;
    private readonly TimeProvider _time;
    private int _fetches;

    private AuthServer(WebApplication app, TimeProvider time, SigningKey[] keys) =>
        (_app, _time, Key, Published) = (app, time, keys[0], [.. keys.Select(k => k.Jwk())]);

    /// <summary>What tokens are signed with.</summary>
    public SigningKey Key { get; set; }

    /// <summary>What the JWKS holds.</summary>
    public IReadOnlyList<JsonObject> Published { get; set; }

    /// <summary>Answers instead of the JWKS.</summary>
    public Func<HttpContext, Task>? Instead { get; set; }

    public int Fetches => _fetches;

    public Uri JwksUrl => new(new Uri(_app.Urls.Single()), "/api/auth/jwks");

    public static async Task<AuthServer> Start(TimeProvider? time = null, params SigningKey[] keys)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        var server = new AuthServer(app, time ?? TimeProvider.System, keys.Length > 0 ? keys : [SigningKey.Ed25519()]);
        app.MapGet("/api/auth/jwks", server.Answer);
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
}
