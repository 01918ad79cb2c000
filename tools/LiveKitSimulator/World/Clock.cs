namespace LiveKitSimulator;

/// <summary>LiveKit's units of time: seconds and milliseconds for rooms, microseconds for tracks, nanoseconds for ingress.</summary>
public static class Clock
{
    public static long Microseconds(this DateTimeOffset time) => (time - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;

    public static long Nanoseconds(this DateTimeOffset time) => (time - DateTimeOffset.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick;
}
