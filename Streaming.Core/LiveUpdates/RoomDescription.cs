namespace Streaming.Core.LiveUpdates;

/// <summary>Which description of its channel an open room was told as its metadata.</summary>
public sealed class RoomDescription
{
    private RoomDescription() { }

    public string RoomSid { get; private set; } = null!;

    /// <summary>Which beginning of the room: a LiveKit that was restarted may know nothing of what it was told before.</summary>
    public DateTimeOffset? RoomStartedAt { get; private set; }

    /// <summary>The version of the channel's row, which every change of its settings makes another.</summary>
    public uint Told { get; private set; }
}
