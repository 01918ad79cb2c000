namespace Streaming.Core.Events;

/// <summary>The inbox: one row per event that has had its effect, written in the transaction of that effect.</summary>
public sealed class ProcessedEvent
{
    private ProcessedEvent() { }

    public string EventId { get; private set; } = null!;
    public string Kind { get; private set; } = null!;
    public EventOutcome Outcome { get; private set; }
    public DateTimeOffset ReceivedAt { get; private set; }
    public DateTimeOffset ProcessedAt { get; private set; }
}

public enum EventOutcome
{
    /// <summary>Its facts are in the database.</summary>
    Applied,

    /// <summary>A known no-op: a kind without effect, or a room that is no channel of ours.</summary>
    Skipped,
}
