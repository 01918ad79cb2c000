using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.IdentityModel.Tokens;

namespace Streaming.Api.Auth;

/// <summary>
/// Reads a JWKS document. IdentityModel's own reader knows no OKP keys. A key serves one algorithm, which follows from its kind; what is
/// for encryption, too weak, or contradicts itself is left out.
/// </summary>
public static class JsonWebKeys
{
    private const int LeastRsaBits = 2048, MostRsaBits = 8192;

    /// <exception cref="JsonException">The document is no JWKS.</exception>
    public static FrozenDictionary<(string KeyId, string Algorithm), SecurityKey> Read(ReadOnlyMemory<byte> document)
    {
        using var json = JsonDocument.Parse(document, new JsonDocumentOptions { MaxDepth = 8 });
        if (json.RootElement.ValueKind != JsonValueKind.Object || !json.RootElement.TryGetProperty("keys", out var entries) || entries.ValueKind != JsonValueKind.Array)
            throw new JsonException("No JWKS.");

        var keys = new Dictionary<(string, string), SecurityKey>();
        foreach (var entry in entries.EnumerateArray())
            if (entry.ValueKind == JsonValueKind.Object && Text(entry, "kid") is { Length: > 0 } kid && Key(entry, kid) is var (algorithm, key))
                keys.TryAdd((kid, algorithm), key);
        return keys.ToFrozenDictionary();
    }

    private static (string Algorithm, SecurityKey)? Key(JsonElement entry, string kid)
    {
        if (entry.TryGetProperty("use", out _) && Text(entry, "use") != "sig") return null;
        if (entry.TryGetProperty("key_ops", out var uses)
            && !(uses.ValueKind == JsonValueKind.Array && uses.EnumerateArray().Any(u => u.ValueKind == JsonValueKind.String && u.GetString() == "verify"))) return null;

        (string Algorithm, SecurityKey? Key) read = (Text(entry, "kty"), Text(entry, "crv")) switch
        {
            ("OKP", "Ed25519") => (Ed25519Key.Algorithm, Bytes(entry, "x") is { } x ? Ed25519Key.FromPublic(x, kid) : null),
            ("EC", "P-256") => ("ES256", Curve(entry, kid)),
            ("RSA", _) => ("RS256", Rsa(entry, kid)),
            _ => ("", null),
        };
        return read.Key is not null && (!entry.TryGetProperty("alg", out _) || Text(entry, "alg") == read.Algorithm) ? (read.Algorithm, read.Key) : null;
    }

    private static ECDsaSecurityKey? Curve(JsonElement entry, string kid)
    {
        if (Bytes(entry, "x") is not { Length: 32 } x || Bytes(entry, "y") is not { Length: 32 } y) return null;
        try
        {
            var key = ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = new ECPoint { X = x, Y = y } });
            return new ECDsaSecurityKey(key) { KeyId = kid };
        }
        catch (CryptographicException)
        {
            return null; // not a point of the curve
        }
    }

    private static RsaSecurityKey? Rsa(JsonElement entry, string kid)
    {
        if (Bytes(entry, "n") is not { Length: >= LeastRsaBits / 8 and <= MostRsaBits / 8 } modulus || modulus[0] == 0) return null;
        if (Bytes(entry, "e") is not { Length: >= 1 and <= 4 } exponent || exponent is [1] || (exponent[^1] & 1) == 0) return null;
        return new RsaSecurityKey(new RSAParameters { Modulus = modulus, Exponent = exponent }) { KeyId = kid };
    }

    private static string? Text(JsonElement entry, string name) =>
        entry.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static byte[]? Bytes(JsonElement entry, string name)
    {
        try
        {
            return Text(entry, name) is { } text ? Base64UrlEncoder.DecodeBytes(text) : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }
}
