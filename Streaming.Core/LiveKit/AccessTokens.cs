using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Options;

namespace Streaming.Core.LiveKit;

/// <summary>
/// Mints the tokens with which people join a room. Every grant is written out: LiveKit takes a missing <c>canPublish</c> for true,
/// and an empty room for any room.
/// </summary>
public sealed class AccessTokens(IOptions<LiveKitOptions> options, TimeProvider time)
{
    /// <summary>How long a token can be used to join. Connected clients are handed fresh ones by LiveKit.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan ClockSkew = TimeSpan.FromSeconds(10);

    /// <param name="name">What others in the room see; null for nothing.</param>
    /// <exception cref="ArgumentException">No room or identity.</exception>
    public AccessToken Mint(string identity, string room, RoomGrants grants, string? name = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(identity);
        ArgumentException.ThrowIfNullOrWhiteSpace(room);
        var now = time.GetUtcNow();
        var expiresAt = now + Lifetime;

        var claims = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(claims))
        {
            json.WriteStartObject();
            json.WriteString("iss", options.Value.ApiKey);
            json.WriteString("sub", identity);
            if (name is not null) json.WriteString("name", name);
            json.WriteNumber("nbf", (now - ClockSkew).ToUnixTimeSeconds());
            json.WriteNumber("exp", expiresAt.ToUnixTimeSeconds());
            json.WriteStartObject("video");
            json.WriteString("room", room);
            json.WriteBoolean("roomJoin", true);
            json.WriteBoolean("canSubscribe", true);
            json.WriteBoolean("canPublish", grants.CanPublish);
            json.WriteBoolean("canPublishData", grants.CanPublishData);
            json.WriteBoolean("canUpdateOwnMetadata", false);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return new AccessToken(Sign(claims.WrittenSpan), DateTimeOffset.FromUnixTimeSeconds(expiresAt.ToUnixTimeSeconds()));
    }

    /// <summary>A token of LiveKit's SDK with less in it: the SDK lets each of its calls live six hours and publish.</summary>
    internal string Narrowed(string token, TimeSpan lifetime)
    {
        var claims = JsonNode.Parse(Base64Url.DecodeFromChars(token.Split('.')[1]))!;
        claims["exp"] = (time.GetUtcNow() + lifetime).ToUnixTimeSeconds();
        var video = claims["video"]!.AsObject();
        foreach (var permission in video.Select(grant => grant.Key).Where(name => name.StartsWith("can", StringComparison.Ordinal)).ToList()) video.Remove(permission);
        return Sign(JsonSerializer.SerializeToUtf8Bytes(claims));
    }

    private string Sign(ReadOnlySpan<byte> claims)
    {
        var content = $"{Base64Url.EncodeToString("""{"alg":"HS256","typ":"JWT"}"""u8)}.{Base64Url.EncodeToString(claims)}";
        var signature = HMACSHA256.HashData(Encoding.UTF8.GetBytes(options.Value.ApiSecret!), Encoding.ASCII.GetBytes(content));
        return $"{content}.{Base64Url.EncodeToString(signature)}";
    }
}

/// <summary>What a participant may do besides watching.</summary>
public readonly record struct RoomGrants(bool CanPublish, bool CanPublishData)
{
    public static readonly RoomGrants Creator = new(CanPublish: true, CanPublishData: true);
    public static readonly RoomGrants Guest = new(CanPublish: false, CanPublishData: false);

    /// <param name="mayChat">Whether he may send chat messages himself right now.</param>
    public static RoomGrants Viewer(bool mayChat) => new(CanPublish: false, CanPublishData: mayChat);
}

/// <summary>A LiveKit token: a secret until it expires. Prints as <c>***</c>.</summary>
public sealed class AccessToken(string value, DateTimeOffset expiresAt)
{
    public DateTimeOffset ExpiresAt => expiresAt;

    public string Reveal() => value;

    public override string ToString() => "***";
}
