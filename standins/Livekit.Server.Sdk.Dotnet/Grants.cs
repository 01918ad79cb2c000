namespace Livekit.Server.Sdk.Dotnet;

public static class Constants
{
    public static readonly TimeSpan DefaultTtl = TimeSpan.FromHours(6);
    public static readonly TimeSpan DefaultLeeway = TimeSpan.FromMinutes(1);
}

// The SDK's defaults, which are LiveKit's: what is not said is allowed.
public class VideoGrants
{
    public bool Agent { get; set; }
    public bool CanPublish { get; set; } = true;
    public bool CanPublishData { get; set; } = true;
    public List<string> CanPublishSources { get; set; } = [];
    public bool CanSubscribe { get; set; } = true;
    public bool CanSubscribeMetrics { get; set; }
    public bool CanUpdateOwnMetadata { get; set; }
    public string DestinationRoom { get; set; } = "";
    public bool Hidden { get; set; }
    public bool IngressAdmin { get; set; }
    public bool Recorder { get; set; }
    public string Room { get; set; } = "";
    public bool RoomAdmin { get; set; }
    public bool RoomCreate { get; set; }
    public bool RoomJoin { get; set; }
    public bool RoomList { get; set; }
    public bool RoomRecord { get; set; }
}

public class SIPGrants
{
    public bool Admin { get; set; }
    public bool Call { get; set; }
}

public class ClaimsModel
{
    public string Identity { get; set; } = "";
    public string Name { get; set; } = "";
    public VideoGrants Video { get; set; } = new();
    public SIPGrants Sip { get; set; } = new();
    public string Metadata { get; set; } = "";
    public string Sha256 { get; set; } = "";
    public string Kind { get; set; } = "";
    public Dictionary<string, string> Attributes { get; set; } = [];
    public string RoomPreset { get; set; } = "";
    public RoomConfiguration RoomConfig { get; set; } = new();
}
