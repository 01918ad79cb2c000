using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Google.Protobuf;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Livekit.Server.Sdk.Dotnet;

public class AccessToken
{
    // Every grant is written out, false and empty ones too, as the SDK does: LiveKit reads a missing canPublish as true.
    private static readonly JsonSerializerOptions CamelCase = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // the SDK escapes no more than JSON asks for
    };

    private readonly string key;
    private readonly string secret;
    private TimeSpan ttl = Constants.DefaultTtl;
    private DateTime? expiration;
    private DateTime? notBefore;

    public AccessToken(string? apiKey = null, string? apiSecret = null)
    {
        key = apiKey ?? Environment.GetEnvironmentVariable("LIVEKIT_API_KEY") ?? "";
        secret = apiSecret ?? Environment.GetEnvironmentVariable("LIVEKIT_API_SECRET") ?? "";
        RequireUsable(key, secret);
    }

    public ClaimsModel Claims { get; } = new();

    public AccessToken WithTtl(TimeSpan ttl) => With(() => this.ttl = ttl);
    public AccessToken WithExpiration(DateTime expiration) => With(() => this.expiration = expiration);
    public AccessToken WithNotBefore(DateTime notBefore) => With(() => this.notBefore = notBefore);
    public AccessToken WithGrants(VideoGrants grants) => With(() => Claims.Video = grants);
    public AccessToken WithSipGrants(SIPGrants grants) => With(() => Claims.Sip = grants);
    public AccessToken WithIdentity(string identity) => With(() => Claims.Identity = identity);
    public AccessToken WithKind(ParticipantInfo.Types.Kind kind) => With(() => Claims.Kind = kind.ToString().ToLowerInvariant());
    public AccessToken WithName(string name) => With(() => Claims.Name = name);
    public AccessToken WithMetadata(string metadata) => With(() => Claims.Metadata = metadata);
    public AccessToken WithAttributes(Dictionary<string, string> attributes) => With(() => Claims.Attributes = attributes);
    public AccessToken WithSha256(string sha256) => With(() => Claims.Sha256 = sha256);
    public AccessToken WithRoomPreset(string roomPreset) => With(() => Claims.RoomPreset = roomPreset);
    public AccessToken WithRoomConfig(RoomConfiguration roomConfig) => With(() => Claims.RoomConfig = roomConfig);

    public string ToJwt()
    {
        if (Claims.Video.RoomJoin && (string.IsNullOrEmpty(Claims.Identity) || string.IsNullOrEmpty(Claims.Video.Room)))
            throw new ArgumentException("identity and room must be set when joining a room");

        var now = TimeProvider.System.GetUtcNow();
        var payload = new Dictionary<string, object>
        {
            ["sub"] = Claims.Identity,
            ["jti"] = Claims.Identity,
            ["iss"] = key,
            ["nbf"] = Seconds(notBefore) ?? now.ToUnixTimeSeconds(),
            ["iat"] = now.ToUnixTimeSeconds(),
            ["exp"] = Seconds(expiration) ?? (now + ttl).ToUnixTimeSeconds(),
            ["video"] = JsonSerializer.SerializeToElement(Claims.Video, CamelCase),
            ["sip"] = JsonSerializer.SerializeToElement(Claims.Sip, CamelCase),
            ["name"] = Claims.Name,
            ["metadata"] = Claims.Metadata,
            ["sha256"] = Claims.Sha256,
            ["kind"] = Claims.Kind,
        };
        if (Claims.Attributes is { Count: > 0 } attributes) payload["attributes"] = attributes;
        if (!string.IsNullOrEmpty(Claims.RoomPreset)) payload["roomPreset"] = Claims.RoomPreset;
        if (Claims.RoomConfig is { } roomConfig)
            payload["roomConfig"] = JsonSerializer.Deserialize<JsonElement>(JsonFormatter.Default.Format(roomConfig));

        var signing = new SigningCredentials(new SymmetricSecurityKey(Encoding.UTF8.GetBytes(secret)), SecurityAlgorithms.HmacSha256);
        var handler = new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false };
        return handler.CreateToken(JsonSerializer.Serialize(payload, CamelCase), signing);
    }

    internal static void RequireUsable(string key, string secret)
    {
        if (key.Length == 0 || secret.Length == 0) throw new ArgumentException("apiKey and apiSecret must be set");
        if (Encoding.UTF8.GetByteCount(secret) * 8 is < 256 and var bits)
            throw new ArgumentException($"apiSecret must be at least 256 bits long. Currently it is {bits} bits long");
    }

    private AccessToken With(Action change)
    {
        change();
        return this;
    }

    private static long? Seconds(DateTime? time) =>
        time is { } at ? new DateTimeOffset(at.ToUniversalTime()).ToUnixTimeSeconds() : null;
}
