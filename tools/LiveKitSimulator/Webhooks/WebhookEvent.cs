using System.Text;
using Google.Protobuf;
using Livekit.Server.Sdk.Dotnet;

namespace LiveKitSimulator;

/// <summary>One event, worded when it happens: its bytes are the same at every URL and at every retry.</summary>
/// <param name="Key">What orders events: those of one key are delivered one after the other, others freely.</param>
public sealed record WebhookEvent(string Id, string Name, string Key, DateTimeOffset CreatedAt, ReadOnlyMemory<byte> Body)
{
    // Newer than the SDK's messages, so written here.
    private const string BrowserCapabilities = "\"capabilities\":[\"CAP_PACKET_TRAILER\", \"CAP_COMPRESSION_DEFLATE_RAW\"]";

    public static WebhookEvent OfRoom(string name, Room room, DateTimeOffset at) => Of(name, room.Name, at, ("room", Json(room)));

    public static WebhookEvent OfParticipant(string name, Room room, ParticipantInfo participant, DateTimeOffset at)
    {
        var info = participant.Clone();
        info.Tracks.Clear();
        string[] newer = info.ClientProtocol > 0 ? [BrowserCapabilities] : [];
        return Of(name, room.Name, at, ("room", Json(room)), ("participant", ProtoJson.Webhook.Format(info, newer)));
    }

    public static WebhookEvent OfTrack(string name, Room room, ParticipantInfo participant, TrackInfo track, DateTimeOffset at) => Of(
        name, room.Name, at,
        ("room", Json(new Room { Sid = room.Sid, Name = room.Name })),
        ("participant", Json(new ParticipantInfo { Sid = participant.Sid, Identity = participant.Identity })),
        ("track", Json(track)));

    public static WebhookEvent OfIngress(string name, IngressInfo ingress, DateTimeOffset at) =>
        Of(name, ingress.IngressId, at, ("ingressInfo", Json(ingress)));

    private static WebhookEvent Of(string name, string key, DateTimeOffset at, params (string Name, string Json)[] members)
    {
        var id = Ids.Of("EV_");
        var about = string.Join(", ", members.Select(member => $"\"{member.Name}\":{member.Json}"));
        var body = $$"""{"event":"{{name}}", {{about}}, "id":"{{id}}", "createdAt":"{{at.ToUnixTimeSeconds()}}"}""";
        return new WebhookEvent(id, name, key, at, Encoding.UTF8.GetBytes(body));
    }

    private static string Json(IMessage message) => ProtoJson.Webhook.Format(message);
}
