using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Streaming.Core.Events;
using Streaming.Core.LiveKit;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Convergence;

/// <summary>What is read of a webhook's body, whatever is in it.</summary>
public sealed class WireEventTests
{
    private const string Room = "0199d6b0-0000-7000-8000-000000000001";

    /// <summary>What must not leave the request, in whichever member it comes.</summary>
    private const string Planted = "sk_CANARY_9f3b";

    private const string Joined =
        $$$"""
        {"event":"participant_joined", "room":{"sid":"RM_1", "name":"{{{Room}}}", "turnPassword":"{{{Planted}}}", "metadata":"{{{Planted}}}"},
         "participant":{"sid":"PA_1", "identity":"viewer:ann:1", "metadata":"{{{Planted}}}", "name":"{{{Planted}}}", "joinedAt":"1795352636", "joinedAtMs":"1795352636025",
                        "permission":{"hidden":false}, "kind":"STANDARD", "attributes":{"secret":"{{{Planted}}}"}, "disconnectReason":"CLIENT_INITIATED"},
         "id":"EV_1", "createdAt":"1795352636"}
        """;

    private const string Ended =
        $$$"""
        {"event":"ingress_ended", "ingressInfo":{"ingressId":"IN_1", "name":"{{{Planted}}}", "streamKey":"{{{Planted}}}", "url":"rtmp://x/{{{Planted}}}", "roomName":"{{{Room}}}",
         "participantMetadata":"{{{Planted}}}", "state":{"status":"ENDPOINT_ERROR", "error":"{{{Planted}}}", "startedAt":"1795352636123456789", "endedAt":"1795352646123456789",
         "updatedAt":"1795352647123456789", "resourceId":"RT_1"}}, "id":"EV_2", "createdAt":"1795352646"}
        """;

    public static TheoryData<string> Stories => Captured.Stories;

    [Theory]
    [MemberData(nameof(Stories))]
    public void A_capture_is_read_as_what_it_says(string story)
    {
        foreach (var request in Captured.Read(story))
        {
            var read = WireEvent.Read(request.Bytes);
            Assert.Equal(Expected(JsonNode.Parse(request.Body)!), read);
            Assert.Equal(read, LiveKitEvent.FromJson(read.ToJson())); // and survives the queue
        }
    }

    [Fact]
    public void An_ingress_event_is_read_to_the_microsecond()
    {
        var read = WireEvent.Read(Captured.Read("refused-connection-while-live")[5].Bytes);
        Assert.Equal(
            new LiveKitEvent
            {
                Id = "EV_HcsqK4pVywsF",
                Kind = "ingress_ended",
                CreatedAt = Time("2026-11-22T13:40:44Z"),
                Ingress = new IngressFacts("IN_dGaKeYTHwPiQ", "WH_bbF7Gk4V6GhK", "f7room", Time("2026-11-22T13:40:44.809576Z"), Time("2026-11-22T13:40:44.809708Z"), "wrong_protocol"),
            },
            read);
    }

    [Fact]
    public void A_participant_event_is_read_to_the_millisecond()
    {
        var read = WireEvent.Read(Captured.Read("refused-connection-while-live")[8].Bytes);
        Assert.Equal(
            new LiveKitEvent
            {
                Id = "EV_hev7HXfP5Xk3",
                Kind = "participant_left",
                CreatedAt = Time("2026-11-22T13:40:58Z"),
                RoomName = "f7room",
                RoomSid = "RM_D9PpgiMeBYrx",
                Participant = new ParticipantFacts(
                    "PA_xXwi76dZAXQV", "creator-f7", Time("2026-11-22T13:40:37.214Z"), IsStandard: false, IsIngress: true, IsHidden: false, IsDisplaced: false,
                    "IN_dGaKeYTHwPiQ", "RT_uRFpUZreEoYz"),
            },
            read);
    }

    [Theory]
    [MemberData(nameof(Stories))]
    public void No_secret_and_no_free_text_of_a_capture_is_in_what_is_kept_of_it(string story)
    {
        var hidden = new HashSet<string>();
        foreach (var request in Captured.Read(story))
        {
            Collect(JsonNode.Parse(request.Body)!);
            var kept = Encoding.UTF8.GetString(WireEvent.Read(request.Bytes).ToJson());
            Assert.All(hidden, secret => Assert.DoesNotContain(secret, kept, StringComparison.Ordinal));
        }

        Assert.NotEmpty(hidden);

        void Collect(JsonNode node)
        {
            foreach (var (name, value) in node.AsObject())
            {
                if (value is JsonObject inner) Collect(inner);
                else if (name is "streamKey" or "turnPassword" or "metadata" or "participantMetadata" or "participantName" or "url" or "error") hidden.Add(value!.GetValue<string>());
            }
        }
    }

    [Fact]
    public void The_planted_bodies_are_read_without_what_is_planted_in_them()
    {
        foreach (var body in new[] { Joined, Ended })
        {
            var read = WireEvent.Read(Utf8(body));
            Assert.Null(read.Unreadable);
            Assert.DoesNotContain(Planted, Encoding.UTF8.GetString(read.ToJson()), StringComparison.Ordinal);
            Assert.DoesNotContain(Planted, $"{read}", StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Fields_from_the_future_change_nothing() => Assert.Equal(WireEvent.Read(Utf8(Joined)), With(Joined, body =>
    {
        body["fieldFromTheFuture"] = new JsonObject { ["deep"] = new JsonArray(1, null, new JsonObject { ["x"] = 1.5 }) };
        body["room"]!["other"] = true;
        body["participant"]!["clientProtocol"] = 17;
        body["egressInfo"] = new JsonObject { ["egressId"] = "EG_1" };
    }));

    [Fact]
    public void A_kind_from_the_future_is_read_and_left_to_be_skipped()
    {
        var read = With(Joined, body => body["event"] = "participant_levitated");
        Assert.Equal(("participant_levitated", null), (read.Kind, read.Unreadable));
    }

    [Theory]
    [InlineData("\"TELEPATH\"")]
    [InlineData("77")]
    public void An_enum_value_from_the_future_is_none_that_we_know(string value)
    {
        var joined = With(Joined, body =>
        {
            body["participant"]!["kind"] = JsonNode.Parse(value);
            body["participant"]!["disconnectReason"] = JsonNode.Parse(value);
            body["participant"]!["state"] = JsonNode.Parse(value);
        });
        Assert.Equal((null, false, false, false), (joined.Unreadable, joined.Participant!.IsStandard, joined.Participant.IsIngress, joined.Participant.IsDisplaced));

        var ended = With(Ended, body => body["ingressInfo"]!["state"]!["status"] = JsonNode.Parse(value));
        Assert.Equal((null, null), (ended.Unreadable, ended.Ingress!.Failure));
    }

    [Fact]
    public void Integers_may_be_strings_or_numbers() => Assert.Equal(WireEvent.Read(Utf8(Ended)), With(Ended, body =>
    {
        body["createdAt"] = 1795352646;
        body["ingressInfo"]!["state"]!["startedAt"] = 1795352636123456789;
        body["ingressInfo"]!["state"]!["endedAt"] = 1795352646123456789;
        body["ingressInfo"]!["state"]!["updatedAt"] = 1795352647123456789;
    }));

    [Fact]
    public void What_is_absent_null_or_empty_is_not_known()
    {
        string[] optional = ["kind", "disconnectReason", "attributes", "permission", "joinedAtMs", "joinedAt"];
        foreach (var nothing in new JsonNode?[] { null, "" })
        {
            var joined = With(Joined, body =>
            {
                foreach (var name in optional) body["participant"]![name] = null;
                body["room"]!["sid"] = nothing?.DeepClone();
            });
            Assert.Equal((null, null, new ParticipantFacts("PA_1", "viewer:ann:1", null, true, false, false, false, null, null)), (joined.Unreadable, joined.RoomSid, joined.Participant));
        }

        Assert.Null(With(Joined, body => body.Remove("participant")).Participant);
        Assert.Null(With(Joined, body => body.Remove("room")).RoomSid);
        Assert.Null(With(Joined, body => body["participant"]!.AsObject().Remove("identity")).Participant);
        Assert.Null(With(Ended, body => body["ingressInfo"]!["ingressId"] = "").Ingress);
        Assert.Equal(new IngressFacts("IN_1", null, Room, null, null, null), With(Ended, body => body["ingressInfo"]!.AsObject().Remove("state")).Ingress);
        Assert.Equal(Time("2026-11-22T13:04:07.123456Z"), With(Ended, body => body["ingressInfo"]!["state"]!.AsObject().Remove("endedAt")).Ingress!.EndedAt); // then its last word
    }

    [Theory]
    [InlineData("server capacity exceeded", "capacity_exceeded")]
    [InlineData("invalid ingress type", "wrong_protocol")]
    [InlineData("ingress disabled", "ingress_disabled")]
    [InlineData("session is disabled", "ingress_disabled")]
    [InlineData("anything else", "ingress_error")]
    [InlineData("", "ingress_error")]
    public void Only_codes_of_ours_come_of_LiveKits_error_texts(string error, string code) =>
        Assert.Equal(code, With(Ended, body => body["ingressInfo"]!["state"]!["error"] = error).Ingress!.Failure);

    [Fact]
    public void A_long_error_text_is_no_reason_to_miss_the_end_of_a_broadcast() =>
        Assert.Equal((null, "ingress_error"), Failure(With(Ended, body => body["ingressInfo"]!["state"]!["error"] = new string('e', 10_000))));

    [Fact]
    public void An_error_that_is_no_text_is_an_error() =>
        Assert.Equal((null, "ingress_error"), Failure(With(Ended, body => body["ingressInfo"]!["state"]!["error"] = new JsonObject { ["code"] = 1 })));

    [Fact]
    public void White_space_line_ends_and_a_byte_order_mark_change_nothing()
    {
        var plain = WireEvent.Read(Utf8(Joined));
        Assert.Equal(plain, WireEvent.Read(Utf8(Joined.ReplaceLineEndings("\r\n"))));
        Assert.Equal(plain, WireEvent.Read(Utf8("\r\n\t " + Joined + "\r\n\r\n")));
        Assert.Equal(plain, WireEvent.Read(new byte[] { 0xEF, 0xBB, 0xBF }.Concat(Utf8(Joined)).ToArray()));
    }

    [Fact]
    public void Of_a_member_told_twice_the_last_counts()
    {
        var read = WireEvent.Read(Utf8(Joined.Replace("\"id\":\"EV_1\"", "\"id\":\"EV_0\", \"id\":\"EV_1\"", StringComparison.Ordinal)));
        Assert.Equal(("EV_1", null), (read.Id, read.Unreadable));
    }

    [Theory]
    [InlineData("")]
    [InlineData("   ")]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("true")]
    [InlineData("42")]
    [InlineData("\"EV_1\"")]
    [InlineData("[]")]
    [InlineData("[{\"id\":\"EV_1\"}]")]
    [InlineData("{}")]
    [InlineData("{} {}")]
    [InlineData("{\"id\":\"EV_1\",}")]
    [InlineData("{\"id\":\"EV_1\"} // and a comment")]
    [InlineData("{\"id\":null,\"event\":\"room_started\"}")]
    [InlineData("{\"id\":\"\",\"event\":\"room_started\"}")]
    [InlineData("{\"id\":7,\"event\":\"room_started\"}")]
    [InlineData("{\"id\":[\"EV_1\"],\"event\":\"room_started\"}")]
    [InlineData("{\"id\":\"\\u0000EV_1\",\"event\":\"room_started\"}")]
    [InlineData("{\"id\":\"\\ud800\",\"event\":\"room_started\"}")]
    [InlineData("{\"ID\":\"EV_1\",\"event\":\"room_started\"}")]
    [InlineData("<xml/>")]
    public void A_body_without_a_readable_id_goes_by_its_hash(string body) => IsUnreadable(Utf8(body), null);

    [Fact]
    public void So_does_one_that_is_no_text_or_too_deep_or_with_an_endless_id()
    {
        IsUnreadable([0xFF, 0xFE, .. Encoding.Unicode.GetBytes(Joined)], null);
        IsUnreadable([.. Enumerable.Range(0, 256).Select(i => (byte)i)], null);
        IsUnreadable(Utf8(Joined.Replace("EV_1", new string('x', 300), StringComparison.Ordinal)), null);
        IsUnreadable(Utf8(string.Concat(Enumerable.Repeat("{\"a\":", 10_000)) + "1" + new string('}', 10_000)), null);
        IsUnreadable(Utf8(new string('[', 10_000) + new string(']', 10_000)), null);
        IsUnreadable(Utf8("{\"deep\":" + new string('[', 10_000) + new string(']', 10_000) + "," + Joined.TrimStart()[1..]), null);
        IsUnreadable([.. Utf8("{\"id\":\"EV_"), 0xC3, 0x28, .. Utf8("\",\"event\":\"room_started\"}")], null);
    }

    [Fact]
    public void Broken_UTF8_where_nothing_is_read_does_no_harm()
    {
        var read = WireEvent.Read(new byte[] { (byte)'{' }.Concat(Utf8("\"note\":\"")).Concat(new byte[] { 0xC3, 0x28 }).Concat(Utf8("\"," + Joined.TrimStart()[1..])).ToArray());
        Assert.Equal(WireEvent.Read(Utf8(Joined)), read);
    }

    [Theory]
    [InlineData("event", "null")]
    [InlineData("event", "\"\"")]
    [InlineData("event", "7")]
    [InlineData("event", "[]")]
    [InlineData("room", "[]")]
    [InlineData("room", "\"room\"")]
    [InlineData("room", "[{\"sid\":\"RM_1\"}]")]
    [InlineData("participant", "[{\"sid\":\"PA_1\"}]")]
    [InlineData("participant", "1")]
    [InlineData("room/name", "7")]
    [InlineData("room/sid", "{}")]
    [InlineData("room/sid", "\"a\\u0000b\"")]
    [InlineData("participant/identity", "\"viewer:\\u0000\"")]
    [InlineData("participant/identity", "\"\\ud800\"")]
    [InlineData("participant/identity", "\"\\udc00\\ud800\"")]
    [InlineData("participant/attributes", "[]")]
    [InlineData("participant/attributes", "{\"ingress.resourceID\":5}")]
    [InlineData("participant/permission", "\"hidden\"")]
    [InlineData("participant/kind", "{}")]
    [InlineData("participant/joinedAtMs", "\"-1\"")]
    [InlineData("participant/joinedAtMs", "-1")]
    [InlineData("participant/joinedAtMs", "1.5")]
    [InlineData("participant/joinedAtMs", "\"soon\"")]
    [InlineData("participant/joinedAtMs", "\"\"")]
    [InlineData("participant/joinedAtMs", "true")]
    [InlineData("participant/joinedAtMs", "9223372036854775807")]
    [InlineData("participant/joinedAtMs", "922337203685477")]
    [InlineData("participant/joinedAtMs", "253402300799999")]
    [InlineData("createdAt", "\"99999999999999999999999\"")]
    [InlineData("createdAt", "9223372036854775807")]
    [InlineData("createdAt", "900000000000")]
    [InlineData("createdAt", "-900000000000")]
    [InlineData("createdAt", "-1")]
    [InlineData("createdAt", "1e400")]
    [InlineData("createdAt", "{}")]
    [InlineData("createdAt", "null")]
    [InlineData("createdAt", "\"0\"")]
    public void A_field_that_is_not_what_it_should_be_makes_a_dead_letter_with_the_events_id(string path, string value) => IsUnreadable(Edited(Joined, path, value), "EV_1");

    [Theory]
    [InlineData("ingressInfo", "[]")]
    [InlineData("ingressInfo", "\"IN_1\"")]
    [InlineData("ingressInfo/ingressId", "1")]
    [InlineData("ingressInfo/state", "\"gone\"")]
    [InlineData("ingressInfo/state/startedAt", "\"-5\"")]
    [InlineData("ingressInfo/state/startedAt", "9223372036854775808")]
    [InlineData("ingressInfo/state/resourceId", "\"\\u0000\"")]
    [InlineData("ingressInfo/roomName", "{}")]
    public void The_same_of_an_ingress(string path, string value) => IsUnreadable(Edited(Ended, path, value), "EV_2");

    [Fact]
    public void Names_that_are_too_long_for_LiveKit_are_not_its()
    {
        IsUnreadable(Edited(Joined, "participant/identity", $"\"{new string('i', 257)}\""), "EV_1");
        Assert.Null(WireEvent.Read(Edited(Joined, "participant/identity", $"\"{new string('i', 256)}\"")).Unreadable);
    }

    [Theory]
    [InlineData(Room, true)]
    [InlineData("0199D6B0-0000-7000-8000-00000000000A", false)]
    [InlineData(" " + Room, false)]
    [InlineData(Room + " ", false)]
    [InlineData("{" + Room + "}", false)]
    [InlineData("0199d6b0000070008000000000000001", false)]
    [InlineData("somebody-elses-room", false)]
    public void A_room_is_a_channels_when_its_name_is_exactly_the_channels_id(string room, bool isOurs)
    {
        Assert.Equal(isOurs ? Guid.Parse(Room) : null, WireEvent.Read(Edited(Joined, "room/name", $"\"{room}\"")).ChannelId);
        Assert.Equal(isOurs ? Guid.Parse(Room) : null, WireEvent.Read(Edited(Ended, "ingressInfo/roomName", $"\"{room}\"")).ChannelId);
    }

    [Fact]
    public void No_mutation_of_a_body_throws_or_lets_a_planted_key_through()
    {
        var random = new Random(4);
        var bodies = Captured.Names.SelectMany(Captured.Read).Select(r => Encoding.UTF8.GetString(Planting(r.Body))).Append(Joined).Append(Ended).ToArray();
        var unreadable = 0;
        for (var i = 0; i < 20_000; i++)
        {
            var body = bodies[random.Next(bodies.Length)];
            var mutated = i % 2 == 0 ? BytesChanged(Utf8(body), random) : ValuesChanged(body, random);
            var read = WireEvent.Read(mutated);
            Assert.NotEmpty(read.Id);
            Assert.NotEmpty(read.Kind);
            var kept = read.ToJson();
            Assert.True(kept.AsSpan().IndexOf(Utf8(Planted)) < 0, $"Mutation {i} lets the key through: {Encoding.UTF8.GetString(kept)}");
            Assert.Equal(read, LiveKitEvent.FromJson(kept));
            if (read.Unreadable is not null) unreadable++;
        }

        Assert.InRange(unreadable, 2_000, 18_000); // both ways are taken
    }

    private static LiveKitEvent Expected(JsonNode body)
    {
        var (room, participant, ingress) = (body["room"], body["participant"], body["ingressInfo"]);
        var state = ingress?["state"];
        return new LiveKitEvent
        {
            Id = (string)body["id"]!,
            Kind = (string)body["event"]!,
            CreatedAt = DateTimeOffset.FromUnixTimeSeconds(Number(body["createdAt"])!.Value),
            RoomName = (string?)room?["name"],
            RoomSid = (string?)room?["sid"],
            Participant = participant is null ? null : new ParticipantFacts(
                (string)participant["sid"]!,
                (string)participant["identity"]!,
                Number(participant["joinedAtMs"]) is { } ms ? DateTimeOffset.FromUnixTimeMilliseconds(ms) : null,
                IsStandard: participant["kind"] is null,
                IsIngress: (string?)participant["kind"] == "INGRESS",
                IsHidden: (bool?)participant["permission"]?["hidden"] ?? false,
                IsDisplaced: (string?)participant["disconnectReason"] == "DUPLICATE_IDENTITY",
                (string?)participant["attributes"]?["ingress.ingressID"],
                (string?)participant["attributes"]?["ingress.resourceID"])
            {
                MaySendData = participant["kind"] is null && participant["permission"] is { } permission ? (bool?)permission["canPublishData"] ?? false : null,
            },
            Ingress = ingress is null ? null : new IngressFacts(
                (string)ingress["ingressId"]!,
                (string?)state?["resourceId"],
                (string?)ingress["roomName"],
                Nanoseconds(state?["startedAt"]),
                Nanoseconds(state?["endedAt"] ?? state?["updatedAt"]),
                (string?)state?["error"] switch { null => null, "invalid ingress type" => "wrong_protocol", "server capacity exceeded" => "capacity_exceeded", _ => "ingress_error" }),
        };

        static long? Number(JsonNode? node) => node is null ? null : long.Parse((string)node!, CultureInfo.InvariantCulture);
        static DateTimeOffset? Nanoseconds(JsonNode? node) => Number(node) is { } ns ? DateTimeOffset.UnixEpoch.AddTicks(ns / 1000 * 10) : null;
    }

    private static void IsUnreadable(byte[] body, string? id)
    {
        var read = WireEvent.Read(body);
        Assert.Equal((id ?? $"sha256:{Convert.ToHexStringLower(SHA256.HashData(body))}", EventKinds.Unreadable), (read.Id, read.Kind));
        Assert.NotEmpty(read.Unreadable!);
        Assert.Equal((null, null, null, null), (read.RoomName, read.RoomSid, read.Participant, read.Ingress));
    }

    private static (string? Unreadable, string? Failure) Failure(LiveKitEvent read) => (read.Unreadable, read.Ingress?.Failure);

    private static LiveKitEvent With(string body, Action<JsonObject> change)
    {
        var json = JsonNode.Parse(body)!.AsObject();
        change(json);
        return WireEvent.Read(Utf8(json.ToJsonString()));
    }

    /// <summary>Puts a value, as it is written, at a path.</summary>
    private static byte[] Edited(string body, string path, string value)
    {
        var json = JsonNode.Parse(body)!;
        var names = path.Split('/');
        names[..^1].Aggregate(json, (node, name) => node[name]!)[names[^1]] = "@@";
        return Utf8(json.ToJsonString().Replace("\"@@\"", value, StringComparison.Ordinal));
    }

    private static byte[] Planting(string body)
    {
        var json = JsonNode.Parse(body)!.AsObject();
        string[] parts = ["room", "participant", "ingressInfo"], names = ["streamKey", "turnPassword", "metadata", "error"];
        foreach (var node in parts.Select(p => json[p]).OfType<JsonNode>())
            foreach (var name in names) node[name] = Planted;
        return Utf8(json.ToJsonString());
    }

    private static byte[] BytesChanged(byte[] body, Random random)
    {
        var bytes = body.ToList();
        for (var edits = random.Next(1, 6); edits > 0; edits--)
        {
            var at = random.Next(bytes.Count);
            switch (random.Next(3))
            {
                case 0: bytes[at] = (byte)random.Next(256); break;
                case 1: bytes.Insert(at, (byte)random.Next(256)); break;
                default: bytes.RemoveAt(at); break;
            }
        }

        return [.. random.Next(20) == 0 ? bytes.Take(random.Next(bytes.Count)) : bytes];
    }

    private static byte[] ValuesChanged(string body, Random random)
    {
        string[] values =
        [
            "null", "true", "0", "-1", "7", "1.5", "1e99", "9223372036854775807", "99999999999999999999", "\"\"", "\"7\"", "\"x\"", "\"\\u0000\"", "\"\\ud83d\\ude00\"", "\"\\ud800\"",
            "[]", "{}", "[{}]", "{\"sid\":\"PA_9\"}", "{\"a\":{\"b\":[[[]]]}}", $"\"{new string('z', 300)}\"",
        ];
        var json = JsonNode.Parse(body)!;
        for (var edits = random.Next(1, 4); edits > 0; edits--)
        {
            var objects = new List<JsonObject> { json.AsObject() };
            for (var i = 0; i < objects.Count; i++) objects.AddRange(objects[i].Select(m => m.Value).OfType<JsonObject>());
            var one = objects[random.Next(objects.Count)];
            if (one.Count == 0) continue;
            var name = one.ElementAt(random.Next(one.Count)).Key;
            if (random.Next(4) == 0) one.Remove(name);
            else one[name] = $"@@{random.Next(values.Length)}@@";
        }

        var text = json.ToJsonString();
        for (var i = 0; i < values.Length; i++) text = text.Replace($"\"@@{i}@@\"", values[i], StringComparison.Ordinal);
        return Utf8(text);
    }

    private static DateTimeOffset Time(string time) => DateTimeOffset.Parse(time, CultureInfo.InvariantCulture);

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);
}
