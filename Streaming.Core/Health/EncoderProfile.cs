using System.Globalization;
using Streaming.Core.LiveKit;

namespace Streaming.Core.Health;

/// <summary>What tells one kind of encoder from another in what LiveKit says of its input. A bitrate is not part of it: it changes while nobody changes anything.</summary>
public static class EncoderProfile
{
    private static readonly string[] Known = ["h264", "h265", "vp8", "vp9", "av1", "aac", "mp4a-latm", "mpeg", "opus"];

    /// <returns>Such as <c>h264 1920x1080@30 aac 2x48000</c>; null while LiveKit knows nothing. Of a codec that we do not know only that it is another.</returns>
    public static string? Of(IngressLook look)
    {
        var parts = new List<string>();
        if (look.Video is { } video) parts.Add(string.Create(CultureInfo.InvariantCulture, $"{Name(video.Codec)} {video.Width}x{video.Height}@{Math.Round(video.FramesPerSecond):0}"));
        if (look.Audio is { } audio) parts.Add(string.Create(CultureInfo.InvariantCulture, $"{Name(audio.Codec)} {audio.Channels}x{audio.SampleRate}"));
        return parts.Count == 0 ? null : string.Join(' ', parts);
    }

    /// <summary>Whether it is this codec: <c>h264</c> is <c>video/H264</c> or <c>video/x-h264</c>.</summary>
    internal static bool Is(string codec, string name) =>
        codec.EndsWith($"/{name}", StringComparison.OrdinalIgnoreCase) || codec.EndsWith($"/x-{name}", StringComparison.OrdinalIgnoreCase);

    private static string Name(string codec) => Array.Find(Known, known => Is(codec, known)) ?? "other";
}
