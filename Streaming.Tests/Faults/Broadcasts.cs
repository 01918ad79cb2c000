using System.Text;
using Streaming.Core.Streams;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Faults;

/// <summary>What happens in many channels at once: captured stories, then evenings made by a seed, which gives the same ones again.</summary>
public static class Broadcasts
{
    public static IReadOnlyList<Webhook> Of(IReadOnlyList<Channel> channels, int events, int seed)
    {
        var random = new Random(seed);
        var stories = Captured.Names.ToArray();
        var ofEach = (events / channels.Count) + 1;
        var told = channels.Select((channel, i) =>
        {
            var bodies = new List<byte[]>();
            for (var story = 0; story < 2; story++)
                bodies.AddRange(Captured.BodiesFor(stories[random.Next(stories.Length)], channel.Id, channel.UserId, $"~{seed}~{i}~{story}"));
            bodies.AddRange(new Evening(channel, $"{seed}x{i}", random).Of(Math.Max(0, ofEach - bodies.Count)));
            return new Queue<byte[]>(bodies);
        }).ToList();

        var together = new List<Webhook>(events);
        while (together.Count < events)
        {
            var channel = told[random.Next(told.Count)];
            if (channel.TryDequeue(out var body)) together.Add(Webhook.Of(body) with { Number = together.Count });
            else told.Remove(channel);
        }

        return together;
    }

    /// <summary>Encoders come and go, viewers too, and sometimes a room is closed over their heads.</summary>
    private sealed class Evening(Channel channel, string mark, Random random)
    {
        private readonly List<(string Sid, string Identity, long Joined)> _viewers = [];
        private long _now = 1_795_400_000 + random.Next(3600);
        private int _next, _room;
        private (string Resource, string Sid, long Since)? _encoder;

        public IEnumerable<byte[]> Of(int events) => Forever().Take(events).Select(Encoding.UTF8.GetBytes);

        private IEnumerable<string> Forever()
        {
            while (true)
            {
                _room++;
                yield return Room("room_started");
                for (var step = 20 + random.Next(60); step > 0; step--)
                {
                    _now += random.Next(20);
                    foreach (var body in (random.Next(10), _encoder) switch
                    {
                        ( < 2, null) => EncoderStarts(),
                        (0, _) => EncoderStops(),
                        ( < 6, _) => ViewerJoins(),
                        _ when _viewers.Count > 0 => ViewerLeaves(),
                        _ => ViewerJoins(),
                    }) yield return body;
                }

                if (_encoder is not null)
                    foreach (var body in EncoderStops()) yield return body;
                _viewers.Clear(); // LiveKit says of nobody that he left
                yield return Room("room_finished");
            }
        }

        private IEnumerable<string> EncoderStarts()
        {
            var encoder = ($"RT_{mark}x{_next}", $"PA_{mark}x{_next}", _now);
            _encoder = encoder;
            yield return Ingress("ingress_started", encoder, """, "status":"ENDPOINT_PUBLISHING" """);
            yield return Participant("participant_joined", encoder.Item2, $"ingress:{channel.Id}", _now, $$""", "kind":"INGRESS", "attributes":{"ingress.ingressID":"IN_{{mark}}"} """);
        }

        private IEnumerable<string> EncoderStops()
        {
            var encoder = _encoder!.Value;
            _encoder = null;
            if (random.Next(3) > 0) yield return Ingress("ingress_ended", encoder, $$""", "endedAt":"{{_now}}123456789" """); // it is not always told
            yield return Participant("participant_left", encoder.Sid, $"ingress:{channel.Id}", encoder.Since, $$"""
                , "kind":"INGRESS", "disconnectReason":"CLIENT_INITIATED", "attributes":{"ingress.ingressID":"IN_{{mark}}", "ingress.resourceID":"{{encoder.Resource}}"}
                """);
        }

        private IEnumerable<string> ViewerJoins()
        {
            var viewer = ($"PA_{mark}x{_next}", $"viewer:user-{random.Next(12)}:{_next}", _now);
            _viewers.Add(viewer);
            yield return Participant("participant_joined", viewer.Item1, viewer.Item2, _now, "");
        }

        private IEnumerable<string> ViewerLeaves()
        {
            var viewer = _viewers[random.Next(_viewers.Count)];
            _viewers.Remove(viewer);
            yield return Participant("participant_left", viewer.Sid, viewer.Identity, viewer.Joined, """, "disconnectReason":"CLIENT_INITIATED" """);
        }

        private string Room(string kind) => Event(kind, RoomInfo);

        private string Participant(string kind, string sid, string identity, long joined, string more) => Event(kind, $$"""
            {{RoomInfo}}, "participant":{"sid":"{{sid}}", "identity":"{{identity}}", "state":"ACTIVE", "joinedAt":"{{joined}}", "joinedAtMs":"{{joined}}250"{{more}} }
            """);

        private string Ingress(string kind, (string Resource, string Sid, long Since) encoder, string more) => Event(kind, $$"""
            "ingressInfo":{"ingressId":"IN_{{mark}}", "streamKey":"sk_CANARY_{{mark}}", "roomName":"{{channel.Id}}", "reusable":true,
             "state":{"resourceId":"{{encoder.Resource}}", "startedAt":"{{encoder.Since}}987654321"{{more}} } }
            """);

        private string RoomInfo => $$""" "room":{"sid":"RM_{{mark}}x{{_room}}", "name":"{{channel.Id}}", "turnPassword":"CANARY-turn-{{mark}}"} """;

        private string Event(string kind, string what) => $$"""{"event":"{{kind}}", {{what}}, "id":"EV_{{mark}}x{{_next++}}", "createdAt":"{{_now}}"}""";
    }
}
