using System.Security.Cryptography;
using System.Text;
using Streaming.Core.LiveKit;

namespace Streaming.Core.Streams;

/// <summary>
/// A stream key's record. The key itself lives in LiveKit alone; here are its last four characters, to recognise it by, and its SHA-256.
/// Deleted rows stay, so that a late event of a deleted ingress cannot bring a channel to life.
/// </summary>
public sealed class Ingress
{
    /// <summary>How many keys a channel may have, beside those that others have replaced.</summary>
    public const int Most = 5;

    /// <summary>Longest name, in Unicode code points.</summary>
    public const int LabelMax = 40;

    private Ingress() { }

    public Ingress(CreatedIngress made, Guid channelId, NewKey key, DateTimeOffset now)
    {
        Id = made.Id;
        ChannelId = channelId;
        Type = key.Type;
        Label = key.Label;
        IsPrimary = key.IsPrimary;
        Quality = key.Quality;
        LiveKitQuality = key.Quality;
        IsEnabled = key.IsEnabled;
        KeyLast4 = made.Key.Last4;
        KeySha256 = made.Key.Sha256();
        CreatedAt = now;
    }

    /// <summary>LiveKit's id, <c>IN_…</c>.</summary>
    public string Id { get; private set; } = null!;

    public Guid ChannelId { get; private set; }
    public IngressType Type { get; private set; }

    /// <summary>What the creator calls it.</summary>
    public string? Label { get; private set; }

    /// <summary>The channel has at most one that is.</summary>
    public bool IsPrimary { get; private set; }

    public KeyQuality Quality { get; private set; }

    /// <summary>The quality that LiveKit has, as far as it has confirmed; null while that is not known.</summary>
    public KeyQuality? LiveKitQuality { get; private set; }
    public string KeyLast4 { get; private set; } = null!;
    public byte[] KeySha256 { get; private set; } = null!;
    public DateTimeOffset CreatedAt { get; private set; }
    public DateTimeOffset? DeletedAt { get; private set; }

    /// <summary>Whether LiveKit lets new connections with it in, as far as it has confirmed; null while that is not known.</summary>
    public bool? IsEnabled { get; private set; }

    /// <summary>The key that takes its place. Until it is deleted it works beside that one.</summary>
    public string? ReplacedById { get; private set; }

    /// <summary>When it is deleted, being replaced.</summary>
    public DateTimeOffset? RetiresAt { get; private set; }

    /// <summary>The session after which it is deleted, being replaced.</summary>
    public Guid? RetiresWithSession { get; private set; }

    public void Encode(KeyQuality quality) => Quality = quality;

    public bool IsKey(StreamKey key) => CryptographicOperations.FixedTimeEquals(KeySha256, key.Sha256());

    public void Delete(DateTimeOffset now) => DeletedAt ??= now;
}

/// <summary>How an encoder connects.</summary>
public enum IngressType
{
    /// <summary>OBS and most hardware encoders.</summary>
    RTMP,

    /// <summary>WebRTC-HTTP ingestion: lower latency; OBS 30 and later, browsers, GStreamer.</summary>
    WHIP,
}

/// <summary>A secret that lets whoever holds it broadcast. Prints as <c>***</c>; <see cref="Reveal"/> is for the one answer that shows it.</summary>
public readonly struct StreamKey(string value) : IEquatable<StreamKey>
{
    private readonly string _value = value;

    public string Last4 => _value.Length <= 4 ? "" : _value[^4..];

    public byte[] Sha256() => SHA256.HashData(Encoding.UTF8.GetBytes(_value));

    public string Reveal() => _value;

    public override string ToString() => "***";

    public bool Equals(StreamKey other) => CryptographicOperations.FixedTimeEquals(Sha256(), other.Sha256());

    public override bool Equals(object? obj) => obj is StreamKey other && Equals(other);

    public override int GetHashCode() => 0;

    public static bool operator ==(StreamKey left, StreamKey right) => left.Equals(right);

    public static bool operator !=(StreamKey left, StreamKey right) => !left.Equals(right);
}
