#pragma warning disable CS0612 // LiveKit still sends these members, deprecated or not

using Livekit.Server.Sdk.Dotnet;

namespace LiveKitSimulator;

/// <summary>What a publisher publishes: its tracks, and for an ingress what the server says of the input.</summary>
public sealed class Media
{
    private readonly List<TrackInfo> tracks = [];

    public IReadOnlyList<TrackInfo> Tracks => tracks;
    public InputVideoState? Video { get; private init; }
    public InputAudioState? Audio { get; private init; }

    /// <summary>What is known of the input when publishing starts.</summary>
    public InputVideoState? VideoAtStart { get; private init; }
    public InputAudioState? AudioAtStart { get; private init; }

    /// <summary>The simulcast layer whose first packet comes after its track was announced, so that its SSRC is not known yet.</summary>
    private string? LateLayer { get; init; }

    public static Media Browser(uint width = 320, uint height = 240)
    {
        var media = new Media();
        var layer = new VideoLayer { Width = width, Height = height, Bitrate = 225_000, Ssrc = Ids.Ssrc() };
        media.Add(Microphone("audio/red", "7", name: "mic"), Uuid());
        media.Add(Camera("video/VP8", "8", width, height, name: "cam"), Uuid(), layer);
        return media;

        static string Uuid() => Guid.CreateVersion7().ToString();
    }

    public static Media Rtmp(string ingressId, Encoder encoder)
    {
        var (width, height) = ((uint)encoder.Width, (uint)encoder.Height);
        var video = new InputVideoState { MimeType = "video/H264", Width = width, Height = height, Framerate = 25 };
        var audio = new InputAudioState { MimeType = "audio/aac", Channels = 1, SampleRate = (uint)encoder.SampleRate };
        return Transcoded(ingressId, encoder, audioMid: "1", videoMid: "2", video, audio, KnownAtStart.All);
    }

    public static Media WhipTranscoded(string ingressId, Encoder encoder)
    {
        var video = new InputVideoState { MimeType = "video/x-vp8" };
        var audio = new InputAudioState { MimeType = "audio/opus" };
        return Transcoded(ingressId, encoder, audioMid: "2", videoMid: "1", video, audio, KnownAtStart.Audio);
    }

    public static Media WhipPassThrough(string ingressId, Encoder encoder)
    {
        var (width, height) = ((uint)encoder.Width, (uint)encoder.Height);
        var media = new Media
        {
            Video = new InputVideoState { MimeType = "video/VP8", Width = width, Height = height },
            Audio = new InputAudioState { MimeType = "audio/opus", Channels = 1, SampleRate = 48_000 },
        };
        var layer = new VideoLayer { Quality = VideoQuality.High, Width = width, Height = height, Ssrc = Ids.Ssrc() };
        media.Add(Microphone("audio/opus", "1"), Ids.Of("TR_"));
        media.Add(Camera("video/VP8", "2", width, height), ingressId, layer);
        return media;
    }

    /// <summary>Marks when a track was published and says how it is announced.</summary>
    public TrackInfo Announce(TrackInfo track, DateTimeOffset now)
    {
        track.Version = new TimedVersion { UnixMicro = now.Microseconds() };
        var announced = track.Clone();
        foreach (var layer in announced.Layers.Concat(announced.Codecs.SelectMany(codec => codec.Layers)))
        {
            if (layer.Rid.Length > 0 && layer.Rid == LateLayer) layer.Ssrc = 0;
        }

        return announced;
    }

    /// <summary>The same media on a new connection.</summary>
    public Media Renewed()
    {
        var renewed = new Media { Video = Video, Audio = Audio };
        renewed.tracks.AddRange(tracks.Select(track =>
        {
            var again = track.Clone();
            again.Sid = Ids.Of(track.Sid[..5]);
            return again;
        }));
        return renewed;
    }

    private static Media Transcoded(
        string ingressId, Encoder encoder, string audioMid, string videoMid,
        InputVideoState video, InputAudioState audio, KnownAtStart usually)
    {
        var known = encoder.Known ?? usually;
        var media = new Media
        {
            Video = video,
            Audio = audio,
            VideoAtStart = known is KnownAtStart.All ? video : null,
            AudioAtStart = known is KnownAtStart.Nothing ? null : audio,
            LateLayer = encoder.LateLayer,
        };
        var (width, height) = ((uint)encoder.Width, (uint)encoder.Height);
        var camera = Camera("video/H264", videoMid, width, height);
        camera.Simulcast = true;
        var microphone = Microphone("audio/opus", audioMid);
        microphone.Stereo = true;
        microphone.AudioFeatures.Add(AudioTrackFeature.TfStereo);
        media.Add(microphone, Ids.Of("TR_"));
        media.Add(camera, ingressId, [.. Simulcast(width, height)]);
        return media;
    }

    private static TrackInfo Microphone(string mimeType, string mid, string name = "") =>
        new() { Sid = Ids.Of("TR_AM"), Name = name, Source = TrackSource.Microphone, MimeType = mimeType, Mid = mid };

    private static TrackInfo Camera(string mimeType, string mid, uint width, uint height, string name = "") => new()
    {
        Sid = Ids.Of("TR_VC"),
        Type = TrackType.Video,
        Name = name,
        Width = width,
        Height = height,
        Source = TrackSource.Camera,
        MimeType = mimeType,
        Mid = mid,
    };

    // Layers of a half and a quarter below the full picture, none lower than 180 lines.
    private static IEnumerable<VideoLayer> Simulcast(uint width, uint height)
    {
        uint[] lines = height switch
        {
            >= 720 => [height / 4, height / 2, height],
            > 180 => [Math.Max(height / 2, 180), height],
            _ => [height],
        };
        uint[] bitrates = [237_500, 671_751, 1_900_000];
        string[] rids = ["q", "h", "f"];
        return lines.Select((line, i) => new VideoLayer
        {
            Quality = (VideoQuality)i,
            Width = width * line / height,
            Height = line,
            Bitrate = bitrates[i],
            Ssrc = Ids.Ssrc(),
            SpatialLayer = i,
            Rid = rids[i],
        });
    }

    private void Add(TrackInfo track, string cid, params VideoLayer[] layers)
    {
        var codec = new SimulcastCodecInfo
        {
            MimeType = track.MimeType,
            Mid = track.Mid,
            Cid = cid,
            VideoLayerMode = VideoLayer.Types.Mode.OneSpatialLayerPerStream,
        };
        codec.Layers.AddRange(layers.Select(layer => layer.Clone()));
        track.Layers.AddRange(layers);
        track.Codecs.Add(codec);
        track.Stream = "camera";
        if (track.Type is TrackType.Audio) track.BackupCodecPolicy = BackupCodecPolicy.Simulcast;
        tracks.Add(track);
    }
}
