namespace Streaming.Core.Streams;

/// <summary>An administrator keeps a user from broadcasting. The row stays when it is over: it is the record of it.</summary>
public sealed class Suspension
{
    /// <summary>Longest reason, in Unicode code points.</summary>
    public const int ReasonMax = 500;

    private Suspension() { }

    /// <param name="until">When it is over by itself; null: when it is lifted.</param>
    public Suspension(string userId, string reason, string by, DateTimeOffset now, DateTimeOffset? until)
    {
        Id = Guid.CreateVersion7(now);
        UserId = userId;
        Reason = reason;
        SuspendedBy = by;
        SuspendedAt = now;
        Until = until ?? DateTimeOffset.MaxValue;
    }

    public Guid Id { get; private set; }
    public string UserId { get; private set; } = null!;
    public string Reason { get; private set; } = null!;

    /// <summary>The administrator.</summary>
    public string SuspendedBy { get; private set; } = null!;

    public DateTimeOffset SuspendedAt { get; private set; }

    /// <summary>Infinity when it does not end by itself.</summary>
    public DateTimeOffset Until { get; private set; }

    public DateTimeOffset? LiftedAt { get; private set; }

    /// <summary>The administrator who lifted it.</summary>
    public string? LiftedBy { get; private set; }

    public void Lift(string by, DateTimeOffset now)
    {
        if (LiftedAt is not null) return;
        LiftedAt = now;
        LiftedBy = by;
    }
}
