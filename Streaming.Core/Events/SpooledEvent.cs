namespace Streaming.Core.Events;

/// <summary>An event accepted while Redis was away, waiting in Postgres.</summary>
public sealed class SpooledEvent
{
    private SpooledEvent() { }

    /// <summary>Names this delivery: the same event may be spooled again after it was drained.</summary>
    public long Id { get; private set; }

    public string EventId { get; private set; } = null!;
    public DateTimeOffset ReceivedAt { get; private set; }
    public string? TraceParent { get; private set; }
    public byte[] Projection { get; private set; } = null!;
}
