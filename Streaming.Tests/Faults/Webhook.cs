using System.Text;
using System.Text.Json;
using Streaming.Core.Events;
using Streaming.Core.LiveKit;
using Streaming.Core.Streams;

namespace Streaming.Tests.Faults;

/// <summary>A webhook that LiveKit has to deliver.</summary>
/// <param name="Number">Its place in the telling: in this order everything happened.</param>
/// <param name="Queue">LiveKit sends one at a time of each queue.</param>
public sealed record Webhook(int Number, string Id, string Queue, byte[] Body)
{
    public LiveKitEvent Event => WireEvent.Read(Body);

    public static Webhook Of(byte[] body)
    {
        var read = WireEvent.Read(body);
        return new Webhook(0, read.Id, read.Ingress?.IngressId ?? read.RoomName ?? read.Id, body);
    }

    /// <summary>An encoder starts in this channel: a segment and a session follow from it.</summary>
    public static Webhook EncoderStarts(Channel channel, string mark, int number) => Of(Encoding.UTF8.GetBytes($$"""
        {"event":"ingress_started", "ingressInfo":{"ingressId":"IN_{{mark}}", "streamKey":"sk_CANARY_{{mark}}", "roomName":"{{channel.Id}}", "state":{"status":"ENDPOINT_PUBLISHING",
         "startedAt":"{{1_795_352_635_443_872_000 + (number * 1_000_000L)}}", "resourceId":"RT_{{mark}}"} }, "id":"EV_{{mark}}", "createdAt":"1795352636"}
        """)) with { Number = number };

    /// <summary>What must be in no log.</summary>
    public IEnumerable<string> Secrets
    {
        get
        {
            JsonElement root;
            try
            {
                root = JsonDocument.Parse(Body).RootElement;
            }
            catch (JsonException)
            {
                yield break;
            }

            if (root.ValueKind != JsonValueKind.Object) yield break;
            foreach (var (parent, name) in new[] { ("room", "turnPassword"), ("ingressInfo", "streamKey") })
            {
                if (root.TryGetProperty(parent, out var part) && part.ValueKind == JsonValueKind.Object && part.TryGetProperty(name, out var secret))
                    yield return secret.GetString()!;
            }
        }
    }
}
