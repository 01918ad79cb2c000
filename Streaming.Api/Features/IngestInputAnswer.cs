using Streaming.Core.Health;

namespace Streaming.Api.Features;

/// <summary>What LiveKit last said of what an encoder sends; null is what it does not know.</summary>
/// <param name="VideoCodec">As a MIME type.</param>
/// <param name="Width">In pixels.</param>
/// <param name="Height">In pixels.</param>
/// <param name="FramesPerSecond">As the encoder announces it.</param>
/// <param name="VideoBitrate">In bits a second, on average.</param>
/// <param name="AudioCodec">As a MIME type.</param>
/// <param name="AudioBitrate">In bits a second, on average.</param>
/// <param name="AudioChannels">1 is mono, 2 is stereo.</param>
/// <param name="SampleRate">In Hertz.</param>
/// <param name="SeenAt">When LiveKit was asked.</param>
public sealed record IngestInputAnswer(
    string? VideoCodec, int? Width, int? Height, double? FramesPerSecond, int? VideoBitrate,
    string? AudioCodec, int? AudioBitrate, int? AudioChannels, int? SampleRate, DateTimeOffset SeenAt)
{
    internal static IngestInputAnswer Of(IngestInputRow row) => new(
        row.VideoCodec, row.Width, row.Height, row.FramesPerSecond, row.VideoBitrate, row.AudioCodec, row.AudioBitrate, row.AudioChannels, row.SampleRate, row.SeenAt);

    internal static IngestInputAnswer Of(IngestInput kept) => new(
        kept.VideoCodec, kept.Width, kept.Height, kept.FramesPerSecond, kept.VideoBitrate, kept.AudioCodec, kept.AudioBitrate, kept.AudioChannels, kept.SampleRate, kept.SeenAt);
}
