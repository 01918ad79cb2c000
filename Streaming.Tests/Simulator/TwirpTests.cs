using System.Text;
using System.Text.Json;
using Google.Protobuf;
using Livekit.Server.Sdk.Dotnet;
using LiveKitSimulator;

namespace Streaming.Tests.Simulator;

/// <summary>The API answers as LiveKit's does, in both of Twirp's encodings.</summary>
public sealed class TwirpTests : IAsyncLifetime
{
    private const string CreateIngress = "/twirp/livekit.Ingress/CreateIngress";

    private static readonly IMessage SomeIngress = new CreateIngressRequest { RoomName = "room", ParticipantIdentity = "ingress:room" };

    private static readonly Dictionary<string, (string Grant, IMessage Request)> Methods = new()
    {
        ["livekit.RoomService/CreateRoom"] = ("roomCreate", new CreateRoomRequest { Name = "new" }),
        ["livekit.RoomService/ListRooms"] = ("roomList", new ListRoomsRequest()),
        ["livekit.RoomService/DeleteRoom"] = ("roomCreate", new DeleteRoomRequest { Room = "room" }),
        ["livekit.RoomService/ListParticipants"] = ("roomAdmin", new ListParticipantsRequest { Room = "room" }),
        ["livekit.RoomService/GetParticipant"] = ("roomAdmin", new RoomParticipantIdentity { Room = "room", Identity = "viewer" }),
        ["livekit.RoomService/RemoveParticipant"] = ("roomAdmin", new RoomParticipantIdentity { Room = "room", Identity = "viewer" }),
        ["livekit.RoomService/UpdateParticipant"] = ("roomAdmin", new UpdateParticipantRequest { Room = "room", Identity = "viewer" }),
        ["livekit.RoomService/MutePublishedTrack"] = ("roomAdmin", new MuteRoomTrackRequest { Room = "room", Identity = "viewer", Muted = true }),
        ["livekit.RoomService/SendData"] = ("roomAdmin", new SendDataRequest { Room = "room" }),
        ["livekit.RoomService/UpdateRoomMetadata"] = ("roomAdmin", new UpdateRoomMetadataRequest { Room = "room", Metadata = "{}" }),
        ["livekit.Ingress/CreateIngress"] = ("ingressAdmin", SomeIngress),
        ["livekit.Ingress/ListIngress"] = ("ingressAdmin", new ListIngressRequest()),
        ["livekit.Egress/ListEgress"] = ("roomRecord", new ListEgressRequest()),
    };

    private Simulated simulated = null!;

    public static IEnumerable<object[]> MethodsInBothEncodings =>
        Methods.Keys.SelectMany(method => new object[][] { [method, false], [method, true] });

    public async Task InitializeAsync()
    {
        simulated = await Simulated.StartAsync();
        await simulated.Play.ViewerJoins("room", "viewer");
    }

    public Task DisposeAsync() => simulated.DisposeAsync().AsTask();

    [Theory]
    [MemberData(nameof(MethodsInBothEncodings))]
    public async Task A_method_works_with_its_one_grant_and_with_no_other(string method, bool json)
    {
        var (grant, request) = Methods[method];
        VideoGrants all = new() { RoomCreate = true, RoomList = true, RoomAdmin = true, RoomRecord = true, IngressAdmin = true };
        all.Room = "room";
        typeof(VideoGrants).GetProperty(Pascal(grant))!.SetValue(all, false);
        VideoGrants one = new() { Room = grant == "roomAdmin" ? "room" : "" };
        typeof(VideoGrants).GetProperty(Pascal(grant))!.SetValue(one, true);

        var (status, type, body) = await simulated.Call($"/twirp/{method}", $"Bearer {simulated.Token(all)}", request, json);
        Assert.Equal((401, "application/json", """{"code":"unauthenticated","msg":"permissions denied"}"""), (status, type, body));

        (status, type, _) = await simulated.Call($"/twirp/{method}", $"Bearer {simulated.Token(one)}", request, json);
        Assert.Equal((200, json ? "application/json" : "application/protobuf"), (status, type));
        var call = (await simulated.Play.Calls())[^1];
        Assert.Equal((method, "ok"), ($"{call.Service}/{call.Method}", call.Result));
        Assert.Contains(grant, call.Grants);

        static string Pascal(string name) => char.ToUpperInvariant(name[0]) + name[1..];
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_admin_of_another_room_is_refused(bool json)
    {
        var token = simulated.Token(new VideoGrants { RoomAdmin = true, Room = "another" });
        var (status, _, body) = await simulated.Call(
            "/twirp/livekit.RoomService/ListParticipants", $"Bearer {token}", new ListParticipantsRequest { Room = "room" }, json);
        Assert.Equal((401, """{"code":"unauthenticated","msg":"permissions denied"}"""), (status, body));
    }

    [Fact]
    public async Task Without_a_token_the_grant_is_missing()
    {
        var (status, type, body) = await simulated.Call(CreateIngress, null, SomeIngress, json: false);
        Assert.Equal((401, "application/json", """{"code":"unauthenticated","msg":"permissions denied"}"""), (status, type, body));
    }

    [Theory]
    [InlineData("another secret", "invalid authorization token: token signature is invalid")]
    [InlineData("another key", "invalid API key")]
    [InlineData("expired", "invalid authorization token: token has invalid claims: token is expired")]
    [InlineData("not yet valid", "invalid authorization token: token has invalid claims: token is not valid yet")]
    [InlineData("no expiry", "invalid authorization token: token has invalid claims: token is missing required claim")]
    [InlineData("no algorithm", "invalid authorization token")]
    [InlineData("no scheme", "invalid authorization header")]
    [InlineData("rubbish", "invalid authorization token")]
    public async Task A_bad_token_is_refused_in_plain_text(string what, string text)
    {
        var options = simulated.Host.Options;
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        string Claims(string key = "devkey", long from = 0, long? expires = 60) =>
            $$$"""{"iss":"{{{key}}}","nbf":{{{now + from}}},"{{{(expires is null ? "ex" : "exp")}}}":{{{now + expires ?? 0}}},"video":{"ingressAdmin":true}}""";
        var authorization = what switch
        {
            "another secret" => "Bearer " + Jwt.Sign(Claims(), new("a secret that is not the one configured")),
            "another key" => "Bearer " + Jwt.Sign(Claims(key: "other"), options.ApiSecret),
            "expired" => "Bearer " + Jwt.Sign(Claims(expires: -61), options.ApiSecret),
            "not yet valid" => "Bearer " + Jwt.Sign(Claims(from: 70), options.ApiSecret),
            "no expiry" => "Bearer " + Jwt.Sign(Claims(expires: null), options.ApiSecret),
            "no algorithm" => $"Bearer eyJhbGciOiJub25lIn0.{Jwt.Sign(Claims(), options.ApiSecret).Split('.')[1]}.",
            "no scheme" => Jwt.Sign(Claims(), options.ApiSecret),
            _ => "Bearer rubbish",
        };

        var (status, type, body) = await simulated.Call(CreateIngress, authorization, SomeIngress, json: false);

        Assert.Equal((401, "text/plain"), (status, type));
        Assert.StartsWith(text, body);
    }

    [Theory]
    [InlineData(-600, -50)]
    [InlineData(50, 600)]
    public async Task Clocks_may_differ_by_a_minute(long from, long expires)
    {
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        var claims = $$$"""{"iss":"devkey","exp":{{{now + expires}}},"nbf":{{{now + from}}},"video":{"ingressAdmin":true}}""";
        var token = Jwt.Sign(claims, simulated.Host.Options.ApiSecret);
        var (status, _, _) = await simulated.Call(CreateIngress, $"Bearer {token}", SomeIngress, json: true);
        Assert.Equal(200, status);
    }

    [Fact]
    public async Task The_token_of_a_webhook_opens_nothing()
    {
        var webhook = (await simulated.Receiver.Has(1))[0];
        var (status, _, body) = await simulated.Call(CreateIngress, $"Bearer {webhook.Authorization}", SomeIngress, json: true);
        Assert.Equal((401, """{"code":"unauthenticated","msg":"permissions denied"}"""), (status, body));
    }

    [Fact]
    public async Task A_wrong_secret_reaches_the_SDK_as_an_unknown_error_with_the_plain_text()
    {
        using var http = new HttpClient(new SocketsHttpHandler());
        var client = new RoomServiceClient(simulated.Host.Address.ToString(), "devkey", "a secret that is not the one configured", http);
        var refusal = await Assert.ThrowsAsync<Twirp.Exception>(() => client.ListRooms(new ListRoomsRequest()));
        Assert.Equal(Twirp.ErrorCode.Unknown, refusal.Type);
        Assert.StartsWith("invalid authorization token", refusal.Message);
    }

    [Fact]
    public async Task What_is_not_there_is_not_found()
    {
        await NotFound("requested room does not exist", () => simulated.Rooms.DeleteRoom(new DeleteRoomRequest { Room = "none" }));
        await NotFound("requested room does not exist", () => simulated.Rooms.UpdateRoomMetadata(new() { Room = "none" }));
        await NotFound("participant does not exist", () => simulated.Rooms.GetParticipant(new() { Room = "none", Identity = "x" }));
        await NotFound("participant does not exist", () => simulated.Rooms.RemoveParticipant(new() { Room = "room", Identity = "x" }));
        await NotFound("participant does not exist", () => simulated.Rooms.UpdateParticipant(new() { Room = "room", Identity = "x" }));
        await NotFound("ingress does not exist", () => simulated.Ingresses.ListIngress(new() { IngressId = "IN_none" }));
        await NotFound("ingress does not exist", () => simulated.Ingresses.UpdateIngress(new() { IngressId = "IN_none" }));
        await NotFound("ingress does not exist", () => simulated.Ingresses.DeleteIngress(new() { IngressId = "IN_none" }));
        await NotFound("egress does not exist", () => simulated.Egresses.StopEgress(new() { EgressId = "EG_none" }));

        static async Task NotFound(string message, Func<Task> call)
        {
            var refusal = await Assert.ThrowsAsync<Twirp.Exception>(call);
            Assert.Equal((Twirp.ErrorCode.Not_Found, message), (refusal.Type, refusal.Message));
        }
    }

    [Fact]
    public async Task An_unknown_room_has_no_participants_and_nobody_to_take_data()
    {
        Assert.Empty(await simulated.Participants("none"));
        var refusal = await Assert.ThrowsAsync<Twirp.Exception>(() => simulated.Rooms.SendData(new SendDataRequest { Room = "none" }));
        Assert.Equal(Twirp.ErrorCode.Unavailable, refusal.Type);
    }

    [Theory]
    [InlineData("GET", "/twirp/livekit.Ingress/CreateIngress", "application/json", "unsupported method")]
    [InlineData("POST", "/twirp/livekit.Ingress/MakeIngress", "application/json", "no handler for path")]
    [InlineData("POST", "/twirp/livekit.Ingress/CreateIngress", "text/json", "unexpected Content-Type")]
    public async Task A_bad_route_is_said_to_be_one(string method, string path, string contentType, string text)
    {
        var (status, _, body) = await simulated.Call(path, null, contentType, "{}"u8.ToArray(), new HttpMethod(method));
        Assert.Equal(404, status);
        var error = JsonDocument.Parse(body).RootElement;
        Assert.Equal("bad_route", error.GetProperty("code").GetString());
        Assert.StartsWith(text, error.GetProperty("msg").GetString());
        Assert.Equal($"{method} {path}", error.GetProperty("meta").GetProperty("twirp_invalid_route").GetString());
    }

    [Fact]
    public async Task An_unknown_service_is_a_page_that_does_not_exist()
    {
        const string path = "/twirp/livekit.IngressService/CreateIngress";
        var (status, type, _) = await simulated.Call(path, null, "application/json", "{}"u8.ToArray());
        Assert.Equal((404, "text/plain"), (status, type));
    }

    [Theory]
    [InlineData("application/json", "{")]
    [InlineData("application/json", """{"room_name":7}""")]
    [InlineData("application/protobuf", "this is no message")]
    public async Task A_malformed_body_is_said_to_be_one(string contentType, string body)
    {
        var token = simulated.Token(new VideoGrants { IngressAdmin = true });
        var (status, _, answer) = await simulated.Call(CreateIngress, $"Bearer {token}", contentType, Encoding.UTF8.GetBytes(body));
        Assert.Equal(400, status);
        Assert.Contains("\"code\":\"malformed\"", answer);
    }

    [Fact]
    public async Task JSON_goes_in_by_either_name_and_comes_out_by_the_protos_with_its_zeros()
    {
        var token = $"Bearer {simulated.Token(new VideoGrants { IngressAdmin = true })}";
        const string camelCase = """{"roomName":"r","participantIdentity":"i","unknown":1}""";
        const string snakeCase = """{"room_name":"r","participant_identity":"i"}""";
        foreach (var request in new[] { camelCase, snakeCase })
        {
            var (_, _, body) = await simulated.Call(CreateIngress, token, "application/json", Encoding.UTF8.GetBytes(request));
            var answer = JsonDocument.Parse(body).RootElement;
            Assert.Equal(("r", "i"), (answer.GetProperty("room_name").GetString(), answer.GetProperty("participant_identity").GetString()));
            Assert.Equal("RTMP_INPUT", answer.GetProperty("input_type").GetString());
            Assert.Equal("", answer.GetProperty("participant_name").GetString());
            Assert.Equal(JsonValueKind.Null, answer.GetProperty("audio").ValueKind);
            Assert.Equal("0", answer.GetProperty("state").GetProperty("started_at").GetString());
            Assert.Equal(JsonValueKind.Array, answer.GetProperty("state").GetProperty("tracks").ValueKind);
            Assert.False(answer.TryGetProperty("enabled", out _));
        }
    }

    [Fact]
    public async Task Calls_are_recorded_without_secrets_and_can_be_forgotten()
    {
        var key = (await simulated.Ingress("room")).StreamKey;
        var calls = await simulated.Play.Calls();
        Assert.Contains(calls, call => call is { Method: "CreateIngress", Status: 200, Encoding: "application/protobuf" });
        Assert.DoesNotContain(key, JsonSerializer.Serialize(calls));

        await simulated.Play.ForgetCalls();
        Assert.Empty(await simulated.Play.Calls());
    }

    [Fact]
    public async Task Data_sent_into_a_room_can_be_looked_at()
    {
        await simulated.Rooms.SendData(new SendDataRequest
        {
            Room = "room",
            Data = ByteString.CopyFromUtf8("hello"),
            Topic = "chat",
            DestinationIdentities = { "viewer" },
        });
        var data = Assert.Single(await simulated.Play.Data());
        Assert.Equal(("room", "chat", "hello"), (data.Room, data.Topic, Encoding.UTF8.GetString(data.Data)));
        Assert.Equal(["viewer"], data.DestinationIdentities);
    }
}
