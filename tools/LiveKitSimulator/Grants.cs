using System.Text.Json;
using Livekit.Server.Sdk.Dotnet;

namespace LiveKitSimulator;

/// <summary>What a LiveKit access token says, read as LiveKit reads it: permissions it does not mention are granted.</summary>
public sealed record Grants(JsonElement Claims)
{
    public string Identity => Text(Claims, "sub") is { Length: > 0 } subject ? subject : Text(Claims, "jti");
    public string Name => Text(Claims, "name");
    public string Metadata => Text(Claims, "metadata");
    public string Kind => Text(Claims, "kind");
    public string Room => Text(Video, "room");

    public IReadOnlyDictionary<string, string> Attributes => Claims.TryGetProperty("attributes", out var all) && all.ValueKind is JsonValueKind.Object
        ? all.EnumerateObject().Where(one => one.Value.ValueKind is JsonValueKind.String).ToDictionary(one => one.Name, one => one.Value.GetString()!)
        : new Dictionary<string, string>();

    /// <summary>The grants this token holds, by LiveKit's names, for the record of calls.</summary>
    public IReadOnlyList<string> Held => Video.ValueKind is JsonValueKind.Object
        ? [.. Video.EnumerateObject().Where(grant => grant.Value.ValueKind is JsonValueKind.True).Select(grant => grant.Name).Order(StringComparer.Ordinal)]
        : [];

    private JsonElement Video => Claims.TryGetProperty("video", out var video) && video.ValueKind is JsonValueKind.Object ? video : default;

    public bool Has(string grant) => Flag(grant) is true;

    public ParticipantPermission Permission()
    {
        var canPublish = Flag("canPublish") ?? true;
        var permission = new ParticipantPermission
        {
            CanSubscribe = Flag("canSubscribe") ?? true,
            CanPublish = canPublish,
            CanPublishData = Flag("canPublishData") ?? canPublish,
            CanUpdateMetadata = Flag("canUpdateOwnMetadata") ?? false,
            CanSubscribeMetrics = Flag("canSubscribeMetrics") ?? false,
            Hidden = Has("hidden"),
        };
        if (Video.ValueKind is JsonValueKind.Object && Video.TryGetProperty("canPublishSources", out var sources) && sources.ValueKind is JsonValueKind.Array)
            permission.CanPublishSources.AddRange(sources.EnumerateArray().Select(source => Source(source.GetString())));
        return permission;
    }

    private bool? Flag(string grant) =>
        Video.ValueKind is JsonValueKind.Object && Video.TryGetProperty(grant, out var value) && value.ValueKind is (JsonValueKind.True or JsonValueKind.False)
            ? value.GetBoolean()
            : null;

    private static string Text(JsonElement from, string name) =>
        from.ValueKind is JsonValueKind.Object && from.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String ? value.GetString()! : "";

    private static TrackSource Source(string? name) => name switch
    {
        "camera" => TrackSource.Camera,
        "microphone" => TrackSource.Microphone,
        "screen_share" => TrackSource.ScreenShare,
        "screen_share_audio" => TrackSource.ScreenShareAudio,
        _ => TrackSource.Unknown,
    };
}
