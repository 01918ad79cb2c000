using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Streaming.Tests.Fixtures;

/// <summary>Signs webhooks as LiveKit does and, when told to, as it never would.</summary>
public sealed class WebhookSigner(string apiKey = Captured.ApiKey, string apiSecret = Captured.ApiSecret, TimeProvider? time = null)
{
    public static readonly Uri Endpoint = new("/api/webhook/livekit", UriKind.Relative);

    private readonly SigningKey _key = SigningKey.Hmac(Encoding.UTF8.GetBytes(apiSecret), "");

    /// <summary>LiveKit's token for this body, or what becomes of it.</summary>
    public string Token(ReadOnlySpan<byte> body, Action<JsonObject>? claims = null, Action<JsonObject>? header = null, SigningKey? key = null)
    {
        var now = (time ?? TimeProvider.System).GetUtcNow().ToUnixTimeSeconds();
        var payload = new JsonObject
        {
            ["iss"] = apiKey,
            ["exp"] = now + 300,
            ["nbf"] = now,
            ["iat"] = now,
            ["sha256"] = Convert.ToBase64String(SHA256.HashData(body)),
        };
        claims?.Invoke(payload);
        return (key ?? _key).Sign(payload, head =>
        {
            head.Remove("kid");
            head["typ"] = "JWT";
            header?.Invoke(head);
        });
    }

    /// <summary>The request with which LiveKit delivers this body.</summary>
    public HttpRequestMessage Request(byte[] body, string contentType = "application/webhook+json") => Request(body, Token(body), contentType);

    public static HttpRequestMessage Request(byte[] body, string? token, string? contentType = "application/webhook+json")
    {
        var request = new HttpRequestMessage(HttpMethod.Post, Endpoint) { Content = new ByteArrayContent(body) };
        if (contentType is not null) request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(contentType);
        if (token is not null) request.Headers.TryAddWithoutValidation("Authorization", token);
        return request;
    }
}
