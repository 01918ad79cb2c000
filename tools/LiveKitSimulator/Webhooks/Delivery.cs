namespace LiveKitSimulator;

public enum DeliveryOutcome
{
    /// <summary>Queued, or on its way.</summary>
    Pending,

    /// <summary>Answered in a way that LiveKit takes for success.</summary>
    Sent,

    /// <summary>Five attempts failed.</summary>
    GaveUp,

    /// <summary>Waited too long for its turn; dropped unsent.</summary>
    TooOld,

    /// <summary>The queue held too many; dropped unsent.</summary>
    QueueFull,

    /// <summary>Dropped by a fault.</summary>
    Dropped,

    /// <summary>LiveKit was killed with the event in memory.</summary>
    Lost,
}

/// <param name="Status">The answer; null when there was none.</param>
public sealed record DeliveryAttempt(DateTimeOffset At, int? Status);

/// <summary>What became of one event at one URL. Holds no body: bodies carry stream keys.</summary>
public sealed record Delivery(
    string Id, string Event, string Key, Uri Url, DateTimeOffset CreatedAt,
    DeliveryOutcome Outcome, string? Fault, IReadOnlyList<DeliveryAttempt> Attempts);
