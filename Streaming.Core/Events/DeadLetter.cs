namespace Streaming.Core.Events;

/// <summary>An accepted event that could not be applied: kept with its projection and the reason until somebody resolves it.</summary>
public sealed class DeadLetter
{
    private DeadLetter() { }

    public string EventId { get; private set; } = null!;
    public string EntryId { get; private set; } = null!;
    public string Kind { get; private set; } = null!;
    public string? Room { get; private set; }
    public string Projection { get; private set; } = null!;
    public string Reason { get; private set; } = null!;
    public int Attempts { get; private set; }
    public DateTimeOffset FirstAt { get; private set; }
    public DateTimeOffset LastAt { get; private set; }
}
