using Livekit.Server.Sdk.Dotnet;

namespace LiveKitSimulator;

public sealed class Participant(ParticipantInfo info)
{
    public ParticipantInfo Info { get; } = info;
    public Media? Media { get; private set; }

    /// <summary>Told once when LiveKit ends this participant's connection for a reason of its own.</summary>
    public Action<DisconnectReason>? Disconnected { get; set; }

    /// <summary>Egress and agents neither count nor keep a room open.</summary>
    public bool Counts => Info.Kind is not (ParticipantInfo.Types.Kind.Egress or ParticipantInfo.Types.Kind.Agent);

    public void Publish(Media media)
    {
        Media = media;
        Info.IsPublisher = true;
    }

    public void Changed() => Info.Version++;
}
