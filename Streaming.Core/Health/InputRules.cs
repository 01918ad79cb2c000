using Streaming.Core.LiveKit;

namespace Streaming.Core.Health;

/// <summary>What is wrong with an encoder's input, as far as LiveKit's word on it goes.</summary>
public static class InputRules
{
    /// <summary>So long after its beginning LiveKit has looked at what arrives.</summary>
    public static readonly TimeSpan Settled = TimeSpan.FromSeconds(10);

    private const int FpsMin = 20, HeightMin = 480, BitrateMax = 8_000_000;

    private static readonly string[] VideoCodecs = ["h264", "vp8", "vp9", "av1", "h265"], AudioCodecs = ["aac", "opus", "mpeg", "mp4a-latm"];

    /// <param name="look">Of a connection that publishes.</param>
    /// <param name="age">How long it has.</param>
    /// <param name="sentBefore">Whether an earlier look found media arriving.</param>
    public static IEnumerable<IssueKind> Of(IngressLook look, TimeSpan age, bool sentBefore)
    {
        if (age < Settled) yield break;
        if (look.IsBuffering || (sentBefore && look is not ({ Video.Bitrate: > 0 } or { Audio.Bitrate: > 0 }))) yield return IssueKind.Starving;
        if (look.IsBuffering || look is { Video: null, Audio: null }) yield break; // nothing is known

        if (look.Audio is null) yield return IssueKind.NoAudio;
        if (look.Video is not { } video)
        {
            yield return IssueKind.NoVideo;
        }
        else
        {
            var lines = Math.Min(video.Width, video.Height); // also of a picture that stands upright
            if (video.Bitrate > 0 && video.Bitrate < BitrateMin(lines)) yield return IssueKind.VideoBitrateLow;
            if (video.Bitrate > BitrateMax) yield return IssueKind.VideoBitrateHigh;
            if (video.FramesPerSecond is > 0 and < FpsMin) yield return IssueKind.FpsLow;
            if (lines is > 0 and < HeightMin) yield return IssueKind.ResolutionLow;
        }

        if (IsStrange(look.Video?.Codec, VideoCodecs) || IsStrange(look.Audio?.Codec, AudioCodecs)) yield return IssueKind.CodecUnsupported;
    }

    private static int BitrateMin(int lines) => lines switch
    {
        >= 1080 => 2_000_000,
        >= 720 => 1_000_000,
        _ => 300_000,
    };

    private static bool IsStrange(string? codec, string[] known) =>
        codec is { Length: > 0 } && !known.Any(k => EncoderProfile.Is(codec, k));
}
