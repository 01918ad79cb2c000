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

    public IReadOnlyDictionary<string, string> Attributes => Members(Claims, "attributes")
        .Where(attribute => attribute.Value.ValueKind is JsonValueKind.String)
        .ToDictionary(attribute => attribute.Name, attribute => attribute.Value.GetString()!);

    /// <summary>The grants this token holds, by LiveKit's names, for the record of calls.</summary>
    public IReadOnlyList<string> Held =>
    [
        .. Members(Claims, "video")
            .Where(grant => grant.Value.ValueKind is JsonValueKind.True)
            .Select(grant => grant.Name)
            .Order(StringComparer.Ordinal),
    ];

    private JsonElement Video => Member(Claims, "video");

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
        if (Member(Video, "canPublishSources") is { ValueKind: JsonValueKind.Array } sources)
            permission.CanPublishSources.AddRange(sources.EnumerateArray().Select(source => Source(source.GetString())));
        return permission;
    }

    private bool? Flag(string grant) => Member(Video, grant).ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => null,
    };

    private static string Text(JsonElement from, string name) =>
        Member(from, name) is { ValueKind: JsonValueKind.String } text ? text.GetString()! : "";

    private static IEnumerable<JsonProperty> Members(JsonElement from, string name) =>
        Member(from, name) is { ValueKind: JsonValueKind.Object } members ? members.EnumerateObject() : [];

    private static JsonElement Member(JsonElement from, string name) =>
        from.ValueKind is JsonValueKind.Object && from.TryGetProperty(name, out var member) ? member : default;

    private static TrackSource Source(string? name) => name switch
    {
        "camera" => TrackSource.Camera,
        "microphone" => TrackSource.Microphone,
        "screen_share" => TrackSource.ScreenShare,
        "screen_share_audio" => TrackSource.ScreenShareAudio,
        _ => TrackSource.Unknown,
    };
}
