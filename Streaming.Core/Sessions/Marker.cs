namespace Streaming.Core.Sessions;

/// <summary>
/// A moment that the creator wants to find again. It belongs to the channel and its time: in which session that falls follows from the
/// sessions, however late facts move their ends.
/// </summary>
public sealed class Marker
{
    /// <summary>Longest description, in Unicode code points.</summary>
    public const int DescriptionMax = 140;

    /// <summary>How many a session can have.</summary>
    public const int Most = 500;

    private Marker() { }

    public Guid Id { get; private set; }
    public Guid ChannelId { get; private set; }
    public DateTimeOffset At { get; private set; }
    public string? Description { get; private set; }
    public DateTimeOffset CreatedAt { get; private set; }
}
