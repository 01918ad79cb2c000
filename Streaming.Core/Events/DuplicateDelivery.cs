namespace Streaming.Core.Events;

/// <summary>A delivery of an event that had had its effect (or had died) already. Kept so that it is counted once, though it may be handed out twice.</summary>
public sealed class DuplicateDelivery
{
    private DuplicateDelivery() { }

    public string EntryId { get; private set; } = null!;
    public string EventId { get; private set; } = null!;
    public DateTimeOffset At { get; private set; }
}
