using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Options;

namespace Streaming.Core.LiveKit;

/// <summary>
/// Decides whether a webhook is LiveKit's: an HS256 token in <c>Authorization</c> (without "Bearer"), issued by one of our API
/// keys, that has not expired and whose <c>sha256</c> claim is the hash of the body's exact bytes.
/// </summary>
public sealed class WebhookSignature
{
    private static readonly TimeSpan Leeway = TimeSpan.FromMinutes(1); // what LiveKit's own verifier allows
    private const int MaxTokenLength = 4096;

    private readonly Dictionary<string, byte[]> _secrets = new(StringComparer.Ordinal);
    private readonly TimeProvider _time;

    public WebhookSignature(IOptions<LiveKitOptions> options, TimeProvider time)
    {
        var livekit = options.Value;
        if (livekit.PreviousApiKey is { } key) _secrets[key] = Encoding.UTF8.GetBytes(livekit.PreviousApiSecret!);
        _secrets[livekit.ApiKey!] = Encoding.UTF8.GetBytes(livekit.ApiSecret!);
        _time = time;
    }

    /// <returns>Null when the signature is good; else why not, for the log alone.</returns>
    public SignatureRefusal? Verify(ReadOnlySpan<byte> body, string? token)
    {
        if (string.IsNullOrEmpty(token)) return SignatureRefusal.Missing;
        if (token.Length > MaxTokenLength || !Ascii.IsValid(token)) return SignatureRefusal.Malformed;

        Span<byte> ascii = stackalloc byte[token.Length];
        Encoding.ASCII.GetBytes(token, ascii);
        var signatureDot = ascii.LastIndexOf((byte)'.');
        var headerDot = ascii.IndexOf((byte)'.');
        if (headerDot <= 0 || signatureDot <= headerDot) return SignatureRefusal.Malformed;

        Span<byte> json = stackalloc byte[MaxTokenLength];
        if (!TryDecode(ascii[..headerDot], json, out var header) || ReadHeader(header) is not "HS256") return SignatureRefusal.Algorithm;
        if (!TryDecode(ascii[(headerDot + 1)..signatureDot], json, out var payload) || ReadClaims(payload) is not { } claims) return SignatureRefusal.Malformed;
        if (claims.Issuer is null || !_secrets.TryGetValue(claims.Issuer, out var secret)) return SignatureRefusal.UnknownKey;

        Span<byte> mac = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(secret, ascii[..signatureDot], mac);
        Span<byte> expected = stackalloc byte[Base64Url.GetEncodedLength(HMACSHA256.HashSizeInBytes)];
        Base64Url.EncodeToUtf8(mac, expected); // compared as text: a decoder would let padding and white space through
        if (!CryptographicOperations.FixedTimeEquals(ascii[(signatureDot + 1)..], expected))
            return SignatureRefusal.Signature;

        var now = _time.GetUtcNow().ToUnixTimeSeconds();
        if (claims.Expires is not { } expires || now - Leeway.TotalSeconds > expires) return SignatureRefusal.Expired;
        if (claims.NotBefore is { } notBefore && now + Leeway.TotalSeconds < notBefore) return SignatureRefusal.NotYet;

        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(body, hash);
        Span<byte> claimed = stackalloc byte[SHA256.HashSizeInBytes];
        var isHash = claims.Sha256 is { Length: 44 } text && Convert.TryFromBase64String(text, claimed, out var length) && length == claimed.Length;
        return isHash && CryptographicOperations.FixedTimeEquals(claimed, hash) ? null : SignatureRefusal.Body;
    }

    private static bool TryDecode(ReadOnlySpan<byte> part, Span<byte> buffer, out ReadOnlySpan<byte> decoded)
    {
        decoded = default;
        if (!Base64Url.IsValid(part, out var length) || length > buffer.Length) return false;
        decoded = buffer[..Base64Url.DecodeFromUtf8(part, buffer)];
        return true;
    }

    private static string? ReadHeader(ReadOnlySpan<byte> json)
    {
        string? algorithm = null;
        Read(json, (name, ref reader) =>
        {
            if (name == "alg") algorithm = reader.GetString();
        });
        return algorithm;
    }

    private static Claims? ReadClaims(ReadOnlySpan<byte> json)
    {
        var claims = new Claims();
        var isRead = Read(json, (name, ref reader) => _ = name switch
        {
            "iss" => claims.Issuer = reader.GetString(),
            "sha256" => claims.Sha256 = reader.GetString(),
            "exp" => claims.Expires = reader.GetInt64(),
            "nbf" => claims.NotBefore = reader.GetInt64(),
            _ => (object?)null,
        });
        return isRead ? claims : null;
    }

    private delegate void MemberReader(string name, ref Utf8JsonReader reader);

    private static bool Read(ReadOnlySpan<byte> json, MemberReader member)
    {
        try
        {
            var reader = new Utf8JsonReader(json);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return false;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var name = reader.GetString()!;
                reader.Read();
                if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray) reader.Skip();
                else member(name, ref reader);
            }

            return true;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            return false;
        }
    }

    private sealed class Claims
    {
        public string? Issuer { get; set; }
        public string? Sha256 { get; set; }
        public long? Expires { get; set; }
        public long? NotBefore { get; set; }
    }
}

/// <summary>Why a signature was refused. Logged and counted; never told to the sender.</summary>
public enum SignatureRefusal
{
    Missing,
    Malformed,
    Algorithm,
    UnknownKey,
    Signature,
    Expired,
    NotYet,
    Body,
}
