using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Npgsql;
using Streaming.Core.Events;
using Streaming.Core.LiveKit;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Api;

/// <summary>The webhook endpoint as LiveKit and as strangers meet it, with the worker behind it.</summary>
public sealed class WebhookTests : IAsyncLifetime
{
    private const int Limit = 1024 * 1024;

    private readonly WebhookSigner _livekit = new();
    private TestSystem _system = null!;

    public static TheoryData<string> Stories => Captured.Stories;

    public async Task InitializeAsync() => _system = await TestSystem.Shared;

    public Task DisposeAsync() => Task.CompletedTask;

    [Theory]
    [InlineData("application/webhook+json")]
    [InlineData("application/json")]
    [InlineData("application/webhook+json; charset=utf-8")]
    [InlineData("Application/JSON;charset=\"UTF-8\"")]
    public async Task A_signed_event_is_answered_200_with_an_empty_object_and_applied(string contentType)
    {
        var (id, body) = Event("room_started");
        using var answer = await Send(_livekit.Request(body, contentType));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("{}", await answer.Content.ReadAsStringAsync());
        Assert.Equal("application/json", answer.Content.Headers.ContentType?.MediaType);
        await Eventually.Equal("Skipped", () => Outcome(id)); // nobody's room
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/webhook+jsonx")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("multipart/form-data; boundary=x")]
    [InlineData("application/octet-stream")]
    [InlineData(null)]
    public async Task A_body_that_does_not_say_it_is_JSON_is_refused(string? contentType)
    {
        var (_, body) = Event("room_started");
        using var request = WebhookSigner.Request(body, _livekit.Token(body), contentType);
        Assert.Equal("unsupported_media_type", await TestCreator.Code(await Send(request), HttpStatusCode.UnsupportedMediaType));
    }

    [Fact]
    public async Task Without_a_signature_it_is_nobody()
    {
        var (id, body) = Event("room_started");
        Assert.Equal("invalid_signature", await TestCreator.Code(await Send(WebhookSigner.Request(body, token: null)), HttpStatusCode.Unauthorized));
        Assert.Equal("invalid_signature", await TestCreator.Code(await Send(WebhookSigner.Request([], token: null)), HttpStatusCode.Unauthorized));
        Assert.Equal("invalid_signature", await TestCreator.Code(await Send(WebhookSigner.Request(body, _livekit.Token(body.AsSpan(1)))), HttpStatusCode.Unauthorized));
        Assert.Equal("invalid_signature", await TestCreator.Code(await Send(WebhookSigner.Request(body, "Bearer " + _livekit.Token(body))), HttpStatusCode.Unauthorized));
        Assert.Null(await Outcome(id));
    }

    [Fact]
    public async Task A_users_session_token_is_no_signature()
    {
        var (_, body) = Event("room_started");
        using var user = await _system.As("somebody");
        var token = user.DefaultRequestHeaders.Authorization!.Parameter!;
        foreach (var authorization in new[] { token, "Bearer " + token })
        {
            using var answer = await Send(WebhookSigner.Request(body, authorization));
            Assert.Equal("invalid_signature", await TestCreator.Code(answer, HttpStatusCode.Unauthorized));
            Assert.DoesNotContain("error_description", $"{answer.Headers.WwwAuthenticate}");
        }
    }

    [Fact]
    public async Task The_token_of_a_creator_who_joins_his_room_is_no_signature()
    {
        var creator = await _system.NewChannel();
        using var answer = await creator.Api.PostAsync(new Uri("/api/stream/creator-token", UriKind.Relative), null);
        var token = (await TestCreator.Read(answer, HttpStatusCode.OK)).GetProperty("token").GetString();
        Assert.Equal("invalid_signature", await TestCreator.Code(await Send(WebhookSigner.Request(Event("room_started").Body, token)), HttpStatusCode.Unauthorized));
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("PUT")]
    [InlineData("PATCH")]
    [InlineData("DELETE")]
    [InlineData("HEAD")]
    public async Task Only_POST_is_answered(string method)
    {
        using var answer = await Send(new HttpRequestMessage(new HttpMethod(method), WebhookSigner.Endpoint));
        Assert.Equal(HttpStatusCode.MethodNotAllowed, answer.StatusCode);
        Assert.Equal(["POST"], answer.Content.Headers.Allow);
    }

    [Fact]
    public async Task Browsers_are_told_nothing_that_would_let_them_in()
    {
        using var preflight = new HttpRequestMessage(HttpMethod.Options, WebhookSigner.Endpoint);
        preflight.Headers.Add("Access-Control-Request-Method", "POST");
        preflight.Headers.Add("Access-Control-Request-Headers", "authorization,content-type");
        using var delivery = _livekit.Request(Event("room_started").Body);
        foreach (var request in new[] { preflight, delivery })
        {
            request.Headers.Add("Origin", "https://www.example.com");
            using var answer = await Send(request);
            Assert.DoesNotContain(answer.Headers, h => h.Key.StartsWith("Access-Control", StringComparison.OrdinalIgnoreCase));
        }
    }

    [Theory]
    [InlineData(Limit, false, HttpStatusCode.OK)]
    [InlineData(Limit - 1024, true, HttpStatusCode.OK)] // the frames of the chunks count, too
    [InlineData(Limit + 1, false, HttpStatusCode.RequestEntityTooLarge)]
    [InlineData(Limit + 1, true, HttpStatusCode.RequestEntityTooLarge)]
    [InlineData(10 * Limit, false, HttpStatusCode.RequestEntityTooLarge)]
    public async Task A_body_may_have_a_mebibyte_declared_or_chunked(int length, bool isChunked, HttpStatusCode expected)
    {
        var (id, json) = Event("room_started");
        var body = json.Concat(Enumerable.Repeat((byte)' ', length - json.Length)).ToArray();
        using var request = _livekit.Request(body);
        request.Headers.TransferEncodingChunked = isChunked;
        request.Headers.ExpectContinue = true; // or the refusal may be lost in what is still being sent

        using var answer = await Send(request);

        var answered = await TestCreator.Read(answer, expected);
        if (expected == HttpStatusCode.OK) await Eventually.Equal("Skipped", () => Outcome(id));
        else Assert.Equal("payload_too_large", answered.GetProperty("code").GetString());
    }

    [Theory]
    [InlineData("{\"event\":\"room_started\",\"id\":\"EV_#\",\"createdAt\":\"1795352636\"", null, "not JSON that we can read")]
    [InlineData("", null, "not JSON that we can read")]
    [InlineData("[1,2,3]", null, "a field is not of its type")]
    [InlineData("{\"event\":\"room_started\",\"createdAt\":\"1795352636\",\"note\":\"#\"}", null, "no event id")]
    [InlineData("{\"id\":\"EV_#\",\"createdAt\":\"1795352636\"}", "EV_#", "no event name")]
    [InlineData("{\"id\":\"EV_#\",\"event\":\"room_started\"}", "EV_#", "no creation time")]
    [InlineData("{\"id\":\"EV_#\",\"event\":\"room_started\",\"createdAt\":\"1795352636\",\"room\":[]}", "EV_#", "a field is not of its type")]
    public async Task A_signed_body_that_cannot_be_read_is_our_fault_and_kept_as_a_dead_letter(string template, string? idTemplate, string reason)
    {
        var unique = $"{Guid.CreateVersion7():N}";
        var body = Encoding.UTF8.GetBytes(template.Replace("#", unique, StringComparison.Ordinal));
        await Accepted(body);

        var id = idTemplate?.Replace("#", unique, StringComparison.Ordinal) ?? $"sha256:{Convert.ToHexStringLower(SHA256.HashData(body))}";
        await Eventually.Equal($"unreadable | {reason} | 1", () => DeadLetter(id));
        Assert.Null(await Outcome(id));
    }

    [Fact]
    public async Task Json_nested_ten_thousand_deep_is_a_dead_letter()
    {
        var body = Encoding.UTF8.GetBytes("{\"a\":" + new string('[', 10_000) + new string(']', 10_000) + ",\"b\":\"" + Guid.CreateVersion7() + "\"}");
        await Accepted(body);
        await Eventually.NotNull(() => DeadLetter($"sha256:{Convert.ToHexStringLower(SHA256.HashData(body))}"));
    }

    [Fact]
    public async Task What_is_signed_are_bytes_and_not_text()
    {
        var (id, json) = Event("room_started");
        var text = Encoding.UTF8.GetString(json);
        await Accepted([0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes(text.Replace(id, id + "_bom", StringComparison.Ordinal))]);
        await Accepted(Encoding.UTF8.GetBytes("\r\n" + text.Replace(id, id + "_crlf", StringComparison.Ordinal).Replace(",", ",\r\n", StringComparison.Ordinal) + "\r\n"));
        await Accepted([(byte)'{', .. "\"note\":\""u8, 0xC3, 0x28, 0xFF, .. "\","u8, .. Encoding.UTF8.GetBytes(text.Replace(id, id + "_bytes", StringComparison.Ordinal)[1..])]);
        foreach (var variant in new[] { "_bom", "_crlf", "_bytes" }) await Eventually.Equal("Skipped", () => Outcome(id + variant));
    }

    [Fact]
    public async Task The_same_request_twice_has_one_effect()
    {
        var creator = await _system.NewChannel();
        var (id, body) = Event("participant_joined", json =>
        {
            json["room"] = new JsonObject { ["sid"] = $"RM_{creator.UserId}", ["name"] = null };
            json["participant"] = new JsonObject { ["sid"] = $"PA_{creator.UserId}", ["identity"] = "viewer:ann:1", ["joinedAtMs"] = "1795352636025" };
        }, await creator.Room());
        var token = _livekit.Token(body);
        for (var i = 0; i < 2; i++)
        {
            using var answer = await Send(WebhookSigner.Request(body, token));
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }

        await Eventually.Equal(1, creator.ViewerCount);
        await Quiet();
        Assert.Equal("Applied", await Outcome(id));
        Assert.Equal(1, await creator.ViewerCount());
    }

    [Fact]
    public async Task A_kind_that_is_newer_than_we_are_and_a_room_that_is_not_ours_are_known_no_ops()
    {
        var creator = await _system.NewChannel();
        var (newer, newerBody) = Event("participant_levitated", room: await creator.Room());
        var (foreign, foreignBody) = Event("room_started", room: "somebody-elses");
        var (nobodys, nobodysBody) = Event("room_started", room: $"{Guid.CreateVersion7()}");
        foreach (var body in new[] { newerBody, foreignBody, nobodysBody }) await Accepted(body);
        foreach (var id in new[] { newer, foreign, nobodys }) await Eventually.Equal("Skipped", () => Outcome(id));
    }

    [Theory]
    [MemberData(nameof(Stories))]
    public async Task A_captured_story_is_accepted_and_told_to_its_end(string story)
    {
        var creator = await _system.NewChannel();
        var channel = Guid.Parse(await creator.Room());
        var bodies = Captured.BodiesFor(story, channel, creator.UserId, $"~{channel:N}~");
        foreach (var body in bodies) await Accepted(body);
        await Eventually.Equal(bodies.Count, () => Inbox($"%~{channel:N}~"));

        // The same events, applied one by one by hand in a channel of their own.
        var twin = (await _system.Database.NewChannel()).Id;
        var applier = new EventApplier(_system.Database.Source);
        foreach (var body in Captured.BodiesFor(story, twin, creator.UserId, $"~{twin:N}~"))
            await applier.Apply([new QueuedEvent("0-0", WireEvent.Read(body), DateTimeOffset.UnixEpoch, null)], CancellationToken.None);
        Assert.Equal(await State(twin), await State(channel));
        await Eventually.Equal(0, creator.ViewerCount); // counted after the commit
        Assert.False(await creator.IsLive());
    }

    [Fact]
    public async Task Captured_requests_untouched_are_all_accepted_and_nothing_of_ours()
    {
        var requests = Captured.Names.SelectMany(Captured.Read).ToList();
        foreach (var request in requests) await Accepted(request.Bytes, request.ContentType);
        var ids = requests.Select(r => (string)JsonNode.Parse(r.Body)!["id"]!).Distinct().ToArray();
        await Eventually.Equal(ids.Length, async () => (await _system.Database.Rows(
            "select event_id from processed_events where outcome = 'Skipped' and event_id = any(@ids)", new NpgsqlParameter("ids", ids))).Count);
    }

    [Fact]
    public async Task A_planted_key_is_in_no_log_and_no_table()
    {
        var creator = await _system.NewChannel();
        var planted = $"{TestSystem.KeyPrefix}{Guid.CreateVersion7():N}";
        var (applied, body) = Event("ingress_ended", json =>
        {
            json["ingressInfo"] = new JsonObject
            {
                ["ingressId"] = creator.IngressId,
                ["streamKey"] = planted,
                ["url"] = planted,
                ["name"] = planted,
                ["roomName"] = null,
                ["state"] = new JsonObject { ["resourceId"] = $"RT_{creator.UserId}", ["status"] = "ENDPOINT_ERROR", ["error"] = planted },
            };
        }, await creator.Room());
        await Accepted(body);
        var broken = Encoding.UTF8.GetBytes($$"""{"id":"EV_{{creator.UserId}}","event":"ingress_ended","ingressInfo":{"ingressId":"IN_1","streamKey":"{{planted}}","state":"{{planted}}"},"createdAt":"1"}""");
        await Accepted(broken);
        using var forged = await Send(WebhookSigner.Request(broken, planted));
        Assert.Equal(HttpStatusCode.Unauthorized, forged.StatusCode);
        await Eventually.Equal("Applied", () => Outcome(applied));
        await Eventually.NotNull(() => DeadLetter($"EV_{creator.UserId}"));

        Assert.DoesNotContain(planted, _system.Api.Log);
        Assert.DoesNotContain(planted, _system.Worker.Log);
        foreach (var table in new[] { "processed_events", "dead_letters", "ingest_segments", "webhook_spool", "sessions" })
            Assert.DoesNotContain(await _system.Database.Rows($"select t::text from {table} t"), row => row.Contains(planted, StringComparison.Ordinal));
    }

    private Task<HttpResponseMessage> Send(HttpRequestMessage request) => _system.Anonymous.SendAsync(request);

    private async Task Accepted(byte[] body, string contentType = "application/webhook+json")
    {
        using var answer = await Send(_livekit.Request(body, contentType));
        await TestCreator.Read(answer, HttpStatusCode.OK);
    }

    private static (string Id, byte[] Body) Event(string kind, Action<JsonObject>? more = null, string room = "somebody-elses")
    {
        var id = $"EV_{Guid.CreateVersion7():N}";
        var json = new JsonObject { ["event"] = kind, ["id"] = id, ["createdAt"] = "1795352636" };
        more?.Invoke(json);
        json["room"] ??= new JsonObject { ["sid"] = $"RM_{id}" };
        if (json["ingressInfo"] is { } ingress) ingress["roomName"] = room;
        else json["room"]!["name"] = room;
        return (id, Encoding.UTF8.GetBytes(json.ToJsonString()));
    }

    private async Task<string?> Outcome(string id) => (await _system.Database.Rows("select outcome from processed_events where event_id = @id", new NpgsqlParameter("id", id))).SingleOrDefault();

    private async Task<string?> DeadLetter(string id) =>
        (await _system.Database.Rows("select kind, reason, attempts from dead_letters where event_id = @id", new NpgsqlParameter("id", id))).SingleOrDefault();

    private async Task<int> Inbox(string pattern) =>
        (await _system.Database.Rows("select event_id from processed_events where event_id like @pattern", new NpgsqlParameter("pattern", pattern))).Count;

    private Task Quiet() => Eventually.Equal(0, () => RedisStream.Length(_system.Redis));

    private async Task<string> State(Guid channel)
    {
        string[] queries =
        [
            "select resource_id, source, started_at, ended_at, end_reason, failure from ingest_segments where channel_id = @channel order by 1",
            "select started_at, media_ended_at, end_reason from sessions where channel_id = @channel order by 1",
            "select participant_sid, room_sid, role, joined_at, left_at from presences where channel_id = @channel order by 1",
            "select room_sid, started_at, finished_at from room_sessions where channel_id = @channel order by 1",
        ];
        var rows = new List<string>();
        foreach (var query in queries) rows.AddRange(await _system.Database.Rows(query, new NpgsqlParameter("channel", channel)));
        return string.Join('\n', rows).Replace($"{channel:N}", "", StringComparison.Ordinal);
    }
}
