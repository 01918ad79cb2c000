using System.Text.Json.Serialization;

namespace Streaming.Core.Streams;

/// <summary>What viewers can choose from of what the encoder sends.</summary>
public enum KeyQuality
{
    /// <summary>As LiveKit does by itself: RTMP is encoded in three layers up to 720p, WHIP is passed through.</summary>
    Auto,

    [JsonStringEnumMemberName("1080p")]
    Up1080,

    [JsonStringEnumMemberName("720p")]
    Up720,

    [JsonStringEnumMemberName("540p")]
    Up540,

    /// <summary>What the encoder sends is not encoded again: the lowest latency, and one layer unless the encoder sends more. WHIP only.</summary>
    Passthrough,
}

/// <summary>One version of the picture that viewers can be given.</summary>
public readonly record struct VideoLayer(int Width, int Height);

public static class KeyQualities
{
    private static readonly VideoLayer[] Hd = [new(1280, 720), new(640, 360), new(320, 180)];

    /// <summary>RTMP carries codecs that browsers do not play, so that LiveKit must encode it.</summary>
    public static bool IsPossible(this KeyQuality quality, IngressType type) => quality != KeyQuality.Passthrough || type == IngressType.WHIP;

    /// <summary>The layers that LiveKit's ingress makes, each half as wide and high as the one before; none where it passes the encoder's own through.</summary>
    public static IReadOnlyList<VideoLayer> Layers(this KeyQuality quality, IngressType type) => quality switch
    {
        KeyQuality.Up1080 => [new(1920, 1080), new(960, 540), new(480, 270)],
        KeyQuality.Up720 => Hd,
        KeyQuality.Up540 => [new(960, 540), new(480, 270)],
        KeyQuality.Auto when type == IngressType.RTMP => Hd,
        _ => [],
    };
}
