namespace Streaming.Core.Sessions;

/// <summary>One life of a LiveKit room, keyed by its SID. Written by the guarded writes alone.</summary>
public sealed class RoomSession
{
    private RoomSession() { }

    public string RoomSid { get; private set; } = null!;
    public Guid ChannelId { get; private set; }

    /// <summary>The latest room_started. A restarted LiveKit starts the same SID again, and whoever was in it before is gone without a word.</summary>
    public DateTimeOffset? StartedAt { get; private set; }

    /// <summary>The room was closed: final for this SID.</summary>
    public DateTimeOffset? FinishedAt { get; private set; }
}
