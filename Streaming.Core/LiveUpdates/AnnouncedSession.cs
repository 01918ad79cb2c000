namespace Streaming.Core.LiveUpdates;

/// <summary>A session that was told to be on: that is told once, and once that it is over, whatever becomes of it. Written by <c>publish_states</c>.</summary>
public sealed class AnnouncedSession
{
    private AnnouncedSession() { }

    public Guid SessionId { get; private set; }
    public Guid ChannelId { get; private set; }

    /// <summary>That it is over was told too.</summary>
    public bool IsOver { get; private set; }
}
