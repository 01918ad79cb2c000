using Livekit.Server.Sdk.Dotnet;

namespace LiveKitSimulator;

public sealed class LiveRoom(Room info, TimeSpan emptyTimeout, TimeSpan departureTimeout)
{
    private DateTimeOffset countedAt;

    public Room Info { get; } = info;
    public TimeSpan EmptyTimeout { get; private set; } = emptyTimeout;
    public TimeSpan DepartureTimeout { get; private set; } = departureTimeout;
    public List<Participant> Participants { get; } = [];

    /// <summary>Runs when nobody is here.</summary>
    public ITimer? Closing { get; set; }

    public void StayEmptyFor(uint seconds) => (Info.EmptyTimeout, EmptyTimeout) = (seconds, TimeSpan.FromSeconds(seconds));

    public void StayDesertedFor(uint seconds) => (Info.DepartureTimeout, DepartureTimeout) = (seconds, TimeSpan.FromSeconds(seconds));

    public Participant? Find(string identity) => Participants.Find(participant => participant.Info.Identity == identity);

    /// <summary>LiveKit counts a room's people only now and then: what it tells of them is old.</summary>
    public void Count(DateTimeOffset now, TimeSpan lag)
    {
        if (now - countedAt < lag) return;
        countedAt = now;
        Info.NumParticipants = (uint)Participants.Count(participant => participant.Counts);
        Info.NumPublishers = (uint)Participants.Count(participant => participant.Info.IsPublisher);
    }
}
