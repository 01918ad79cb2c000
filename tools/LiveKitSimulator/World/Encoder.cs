using Livekit.Server.Sdk.Dotnet;

namespace LiveKitSimulator;

public enum IngestProtocol
{
    Rtmp,
    Whip,
}

/// <summary>How much LiveKit knows of an input when it says that publishing started: the media is still being looked at.</summary>
public enum KnownAtStart
{
    All,
    Audio,
    Nothing,
}

/// <summary>What connects to an ingress.</summary>
public sealed record Encoder
{
    /// <summary>The protocol it speaks; null is the right one.</summary>
    public IngestProtocol? Protocol { get; init; }

    public int Width { get; init; } = 1280;
    public int Height { get; init; } = 720;
    public int SampleRate { get; init; } = 48_000;

    /// <summary>LiveKit's race: the started event comes twice.</summary>
    public bool StartedTwice { get; init; }

    /// <summary>The ingress server has no processor time left.</summary>
    public bool NoCapacity { get; init; }

    public KnownAtStart? Known { get; init; }

    /// <summary>The simulcast layer (q, h, f) whose first packet comes after its track was announced.</summary>
    public string? LateLayer { get; init; }

    public string? Complaint() =>
        this is { Width: < 16 or > 7680 } or { Height: < 16 or > 4320 } ? "The picture is between 16x16 and 7680x4320." : null;

    public IngressInput Speaks(IngressInput expected) => Protocol switch
    {
        IngestProtocol.Rtmp => IngressInput.RtmpInput,
        IngestProtocol.Whip => IngressInput.WhipInput,
        _ => expected,
    };
}
