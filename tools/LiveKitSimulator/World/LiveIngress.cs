using Livekit.Server.Sdk.Dotnet;

namespace LiveKitSimulator;

/// <summary>One connection of an encoder that was let in.</summary>
public sealed class IngressSession(string resourceId, long startedAt, Participant participant, Media media)
{
    public string ResourceId { get; } = resourceId;
    public long StartedAt { get; } = startedAt;
    public Participant Participant { get; set; } = participant;
    public Media Media { get; } = media;
    public ITimer? Watchdog { get; set; }
}

/// <summary>
/// An ingress as LiveKit's store has it (<see cref="State"/>) beside the connection that really publishes (<see cref="Session"/>).
/// The two part company after a refused connection, and that is the point.
/// </summary>
public sealed class LiveIngress(IngressInfo info)
{
    public IngressInfo Info { get; set; } = info;
    public IngressState State { get; private set; } = new();
    public IngressSession? Session { get; set; }
    public bool Deleted { get; set; }

    public IngressInfo Snapshot()
    {
        var snapshot = Info.Clone();
        snapshot.State = State.Clone();
        return snapshot;
    }

    /// <summary>
    /// Stores what an ingress worker reports and says which event that makes. A report of a connection older than the stored one is
    /// out of date and makes none; neither does one that changes no status.
    /// </summary>
    public string? Report(IngressState report)
    {
        if (report.StartedAt < State.StartedAt) return null;

        var before = State.Status;
        State = report;
        return report.Status == before ? null : report.Status switch
        {
            IngressState.Types.Status.EndpointPublishing => "ingress_started",
            IngressState.Types.Status.EndpointBuffering => null,
            _ => "ingress_ended",
        };
    }
}
