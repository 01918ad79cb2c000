namespace Streaming.Tests.Simulator;

/// <summary>Stands still except when somebody waits: then it jumps to the end of the wait, which is over at once.</summary>
public sealed class JumpingClock : TimeProvider
{
    private readonly Lock gate = new();
    private DateTimeOffset now = System.GetUtcNow();

    public override DateTimeOffset GetUtcNow()
    {
        lock (gate) return now;
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        if (dueTime == Timeout.InfiniteTimeSpan) return System.CreateTimer(callback, state, dueTime, period);
        lock (gate) now += dueTime;
        return System.CreateTimer(callback, state, TimeSpan.Zero, Timeout.InfiniteTimeSpan);
    }
}
