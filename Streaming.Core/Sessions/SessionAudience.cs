namespace Streaming.Core.Sessions;

/// <summary>How many watched a session that is over, kept for good: who was in its room is forgotten after some days.</summary>
public sealed class SessionAudience
{
    private SessionAudience() { }

    public Guid SessionId { get; private set; }

    /// <summary>Most people at once.</summary>
    public long PeakViewers { get; private set; }

    /// <summary>People on average, over the time in which media was arriving.</summary>
    public double AverageViewers { get; private set; }

    public DateTimeOffset SettledAt { get; private set; }
}
