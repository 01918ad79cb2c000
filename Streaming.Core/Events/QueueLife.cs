namespace Streaming.Core.Events;

/// <summary>The Redis stream from its creation until Redis loses its data: its own count of entries begins anew with each life.</summary>
public sealed class QueueLife
{
    private QueueLife() { }

    /// <summary>Random, kept in Redis beside the stream: when Redis has another, or none, the stream's count has begun anew.</summary>
    public string Id { get; private set; } = null!;

    /// <summary>How many deliveries had come by Redis in earlier lives.</summary>
    public long ReceivedBefore { get; private set; }

    public DateTimeOffset FirstSeenAt { get; private set; }
}
