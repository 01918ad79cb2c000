namespace Streaming.Core.Health;

/// <summary>How bad an issue is.</summary>
public enum Severity
{
    /// <summary>All is as it should be.</summary>
    Ok,

    /// <summary>Viewers may not notice.</summary>
    Warning,

    /// <summary>Viewers do notice, or nobody can watch at all.</summary>
    Error,
}

/// <summary>One kind of thing that can be wrong with a broadcast's ingest: a stable code, and what to do about it.</summary>
/// <param name="Code">What programs decide by.</param>
/// <param name="Message">What is wrong, for people.</param>
/// <param name="Fix">What to do about it.</param>
public sealed record IssueKind(string Code, Severity Severity, string Message, string Fix)
{
    public static readonly IssueKind NoAudio = new("noAudio", Severity.Warning, "The encoder sends no audio.",
        "Add an audio source in the encoder, and see that it is not muted there.");
    public static readonly IssueKind NoVideo = new("noVideo", Severity.Error, "The encoder sends no video.",
        "Add a video source in the encoder, and see that its output is started.");
    public static readonly IssueKind VideoBitrateLow = new("videoBitrateLow", Severity.Warning, "The video bitrate is low for this resolution.",
        "Raise the encoder's bitrate, or lower its resolution. If it is set higher than what arrives, the upload is too slow.");
    public static readonly IssueKind VideoBitrateHigh = new("videoBitrateHigh", Severity.Warning, "The video bitrate is higher than it is good for.",
        "Lower the encoder's bitrate to 6,000 kbit/s or less.");
    public static readonly IssueKind FpsLow = new("fpsLow", Severity.Warning, "Few frames a second arrive.",
        "Set the encoder to 25 frames a second or more, and see whether its machine drops frames.");
    public static readonly IssueKind ResolutionLow = new("resolutionLow", Severity.Warning, "The resolution is low.",
        "Set the encoder's output to 1280×720 or more.");
    public static readonly IssueKind CodecUnsupported = new("codecUnsupported", Severity.Error, "The codec may not play for viewers.",
        "Set the encoder to H.264 for video, and to AAC (RTMP) or Opus (WHIP) for audio.");
    public static readonly IssueKind Starving = new("starving", Severity.Error, "No media has arrived for ten seconds or more, though the encoder is connected.",
        "See whether the encoder still runs and the upload works; start the stream in the encoder again if it does not recover.");
    public static readonly IssueKind CapacityExceeded = new("capacityExceeded", Severity.Error, "The streaming server refused a connection because it has no capacity left.",
        "Try again in a few minutes. WHIP needs far less of the server than RTMP does.");
    public static readonly IssueKind Contested = new("contested", Severity.Error, "Several encoders use the same stream key and put each other out.",
        "Stop all encoders but one. If you do not know the others, reset the stream key.");
    public static readonly IssueKind ConnectionRefused = new("connectionRefused", Severity.Warning, "A connection with this stream key was refused.",
        "If that was you: use the protocol that the key was made for, RTMP or WHIP. If it was not, reset the stream key.");

    /// <summary>All of them, by code.</summary>
    public static readonly IReadOnlyDictionary<string, IssueKind> All = new[]
    {
        NoAudio, NoVideo, VideoBitrateLow, VideoBitrateHigh, FpsLow, ResolutionLow, CodecUnsupported, Starving, CapacityExceeded, Contested, ConnectionRefused,
    }.ToDictionary(k => k.Code);
}
