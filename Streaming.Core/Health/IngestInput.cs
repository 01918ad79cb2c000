namespace Streaming.Core.Health;

/// <summary>What LiveKit last said of what an encoder sends. Written by the worker's look at LiveKit, one row a connection.</summary>
public sealed class IngestInput
{
    private IngestInput() { }

    /// <summary>The ingest segment.</summary>
    public string ResourceId { get; private set; } = null!;

    public Guid ChannelId { get; private set; }

    /// <summary>When LiveKit was asked.</summary>
    public DateTimeOffset SeenAt { get; private set; }

    public string? VideoCodec { get; private set; }
    public int? Width { get; private set; }
    public int? Height { get; private set; }
    public double? FramesPerSecond { get; private set; }

    /// <summary>Bits a second.</summary>
    public int? VideoBitrate { get; private set; }

    public string? AudioCodec { get; private set; }

    /// <summary>Bits a second.</summary>
    public int? AudioBitrate { get; private set; }

    public int? AudioChannels { get; private set; }
    public int? SampleRate { get; private set; }
}
