using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace LiveKitSimulator;

/// <summary>HS256 tokens, byte for byte as LiveKit writes them, and read as strictly as LiveKit reads them.</summary>
public static class Jwt
{
    // LiveKit forgives clocks one minute.
    private static readonly TimeSpan Leeway = TimeSpan.FromMinutes(1);

    private static readonly string Header = Base64Url.EncodeToString("""{"alg":"HS256","typ":"JWT"}"""u8);

    public static string Sign(string claims, ApiSecret secret)
    {
        var signed = $"{Header}.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(claims))}";
        return $"{signed}.{Base64Url.EncodeToString(Mac(signed, secret))}";
    }

    /// <summary>The claims of a token of ours, or the text LiveKit refuses it with.</summary>
    public static (JsonElement Claims, string? Refusal) Read(string token, string apiKey, ApiSecret secret, DateTimeOffset now)
    {
        if (token.Split('.') is not [var head, var body, var signature] || Json(head) is not { } header || Json(body) is not { } claims
            || Text(header, "alg") != "HS256")
            return (default, "invalid authorization token");
        if (Text(claims, "iss") != apiKey) return (default, "invalid API key");

        var refusal =
            !Matches(signature, $"{head}.{body}", secret) ? "token signature is invalid: signature is invalid"
            : Seconds(claims, "exp") is not { } expires ? "token has invalid claims: token is missing required claim: exp claim is required"
            : now >= expires + Leeway ? "token has invalid claims: token is expired"
            : Seconds(claims, "nbf") is { } notBefore && now < notBefore - Leeway ? "token has invalid claims: token is not valid yet"
            : null;
        return refusal is null ? (claims, null) : (default, $"invalid authorization token: {refusal}");
    }

    private static byte[] Mac(string signed, ApiSecret secret) => HMACSHA256.HashData(secret.Bytes, Encoding.ASCII.GetBytes(signed));

    private static bool Matches(string signature, string signed, ApiSecret secret)
    {
        try
        {
            return CryptographicOperations.FixedTimeEquals(Base64Url.DecodeFromChars(signature), Mac(signed, secret));
        }
        catch (FormatException)
        {
            return false;
        }
    }

    private static JsonElement? Json(string part)
    {
        try
        {
            var element = JsonSerializer.Deserialize<JsonElement>(Base64Url.DecodeFromChars(part));
            return element.ValueKind is JsonValueKind.Object ? element : null;
        }
        catch (Exception e) when (e is FormatException or JsonException)
        {
            return null;
        }
    }

    private static string? Text(JsonElement claims, string name) =>
        claims.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String ? value.GetString() : null;

    // Some libraries write whole seconds as 1.0.
    private static DateTimeOffset? Seconds(JsonElement claims, string name) =>
        claims.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.Number && value.TryGetDouble(out var seconds)
            && Math.Abs(seconds) < 1e11 ? DateTimeOffset.UnixEpoch.AddSeconds(seconds) : null;
}
