using System.ComponentModel.DataAnnotations;

namespace LiveKitSimulator;

/// <summary>An encoder and the key it has.</summary>
public sealed record EncoderAtKey([Required] string StreamKey, Encoder? Encoder = null);

/// <summary>Somebody in a room.</summary>
public sealed record Someone([Required] string Room, [Required] string Identity);

/// <summary>Somebody who wants in: with an access token, which then says everything, or as a viewer without one.</summary>
public sealed record Newcomer
{
    public string? Token { get; init; }

    /// <summary>Needed without a token, and with one that is good for every room.</summary>
    public string? Room { get; init; }

    public string? Identity { get; init; }
    public string Name { get; init; } = "";
    public string Metadata { get; init; } = "";
    public bool Hidden { get; init; }
}

/// <param name="AfterMs">How long LiveKit takes to notice; absent, as the simulator was told at its start.</param>
public sealed record KilledClient([Required] string Room, [Required] string Identity, int? AfterMs = null);

public sealed record UrlInput([Required] string Room, [Required] string Identity, string Url = UrlInput.Nowhere)
{
    public const string Nowhere = "http://127.0.0.1:9/a.mp4";
}

public sealed record RoomName([Required] string Room);

/// <param name="Reconnect">Whether everybody who was there comes back.</param>
public sealed record LiveKitRestart(bool Reconnect = true);

/// <summary>How joining went.</summary>
/// <param name="Error">Why it was refused.</param>
/// <param name="Published">Whether the newcomer publishes a microphone and a camera.</param>
public sealed record Joined(string? Error, string? Room = null, string? Identity = null, string? Sid = null, bool Published = false)
{
    public bool Accepted => Error is null;
}

public sealed record Idle(bool IsIdle, int Pending);

public sealed record Problem(string Error);
