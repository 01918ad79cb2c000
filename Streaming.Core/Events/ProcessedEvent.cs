namespace Streaming.Core.Events;

/// <summary>The inbox: one row per event that has had its effect, written in the transaction of that effect.</summary>
public sealed class ProcessedEvent
{
    private ProcessedEvent() { }

    public string EventId { get; private set; } = null!;
    public string Kind { get; private set; } = null!;

    /// <summary>The delivery that had the effect: any other of this event is a duplicate.</summary>
    public string EntryId { get; private set; } = null!;

    public EventOutcome Outcome { get; private set; }
    public DateTimeOffset ReceivedAt { get; private set; }
    public DateTimeOffset ProcessedAt { get; private set; }
}

public enum EventOutcome
{
    /// <summary>It told something new: its facts are in the database.</summary>
    Applied,

    /// <summary>All that it says was known, or newer facts stand in its place.</summary>
    Superseded,

    /// <summary>A known no-op: a kind without effect, or a room that is no channel of ours.</summary>
    Skipped,
}
