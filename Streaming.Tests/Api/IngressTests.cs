using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using LiveKitSimulator;
using Streaming.Tests.Fixtures;
using Encoder = LiveKitSimulator.Encoder;

namespace Streaming.Tests.Api;

/// <summary>Getting, resetting and deleting a stream key, with LiveKit well.</summary>
public sealed class IngressTests : IAsyncLifetime
{
    private static readonly Uri Ingress = new("/api/stream/ingress", UriKind.Relative);

    private TestSystem _system = null!;

    public async Task InitializeAsync() => _system = await TestSystem.Shared;

    public Task DisposeAsync() => Task.CompletedTask;

    [Theory]
    [InlineData(null, "RTMP", "rtmp://")]
    [InlineData("", "RTMP", "rtmp://")]
    [InlineData("{}", "RTMP", "rtmp://")]
    [InlineData("""{"ingressType":"RTMP"}""", "RTMP", "rtmp://")]
    [InlineData("""{"ingressType":"WHIP"}""", "WHIP", "http://")]
    public async Task A_creator_gets_a_key_that_an_encoder_can_use(string? body, string type, string serverUrl)
    {
        var creator = await _system.NewCreator();
        using var answer = await Post(creator, body);

        var created = await TestCreator.Read(answer, HttpStatusCode.Created);
        Assert.Equal(["ingressId", "serverUrl", "streamKey", "userId"], created.EnumerateObject().Select(p => p.Name));
        Assert.Equal(creator.UserId, created.GetProperty("userId").GetString());
        Assert.StartsWith(serverUrl, created.GetProperty("serverUrl").GetString(), StringComparison.Ordinal);
        Assert.True(answer.Headers.CacheControl is { NoStore: true });

        var key = created.GetProperty("streamKey").GetString()!;
        Assert.StartsWith(TestSystem.KeyPrefix, key, StringComparison.Ordinal);
        var info = await creator.Info();
        Assert.Equal(
            (created.GetProperty("ingressId").GetString(), type, key[^4..]),
            (Of(info, "id"), Of(info, "type"), Of(info, "keyLast4")));
        Assert.DoesNotContain(key, info.GetRawText(), StringComparison.Ordinal);

        var right = type == "WHIP" ? IngestProtocol.Whip : IngestProtocol.Rtmp;
        Assert.True((await _system.LiveKit.GoLive(key, new Encoder { Protocol = right })).Accepted);

        static string? Of(JsonElement info, string member) => info.GetProperty("ingress").GetProperty(member).GetString();
    }

    [Fact]
    public async Task LiveKit_publishes_a_key_into_the_channels_room_as_its_encoder_and_nobody_else()
    {
        var creator = await _system.NewChannel();
        var room = await creator.Room();
        var ingress = Assert.Single(await _system.IngressesIn(room));
        Assert.Equal((creator.IngressId, room, $"ingress:{room}", ""), (ingress.IngressId, ingress.RoomName, ingress.ParticipantIdentity, ingress.ParticipantMetadata));
    }

    [Fact]
    public async Task A_reset_key_stops_working_and_the_new_one_works()
    {
        var creator = await _system.NewChannel();
        var (oldId, oldKey) = (creator.IngressId, creator.StreamKey);
        var before = await creator.Info();

        await creator.CreateIngress("WHIP");

        Assert.NotEqual(oldId, creator.IngressId);
        Assert.False((await _system.LiveKit.GoLive(oldKey)).Accepted);
        Assert.True((await _system.LiveKit.GoLive(creator.StreamKey)).Accepted);
        Assert.Equal([creator.IngressId], (await _system.IngressesIn(await creator.Room())).Select(i => i.IngressId));
        var after = await creator.Info();
        Assert.Equal((creator.IngressId, "WHIP"), (after.GetProperty("ingress").GetProperty("id").GetString(), after.GetProperty("ingress").GetProperty("type").GetString()));
        Assert.Equal((before.GetProperty("id").GetString(), before.GetProperty("createdAt").GetString()), (after.GetProperty("id").GetString(), after.GetProperty("createdAt").GetString()));
    }

    [Fact]
    public async Task While_live_a_key_is_not_reset_by_mistake()
    {
        var creator = await _system.NewChannel();
        await _system.LiveKit.GoLive(creator.StreamKey);
        await Eventually.True(creator.IsLive);

        await (await Post(creator, null)).IsError(409, "stream_live");
        await (await Post(creator, null, "?replace=false")).IsError(409, "stream_live");
        await (await Post(creator, null, "?replace=perhaps")).IsError(400, "invalid_request");

        Assert.True(await creator.IsLive());
        await _system.LiveKit.TakeOver(creator.StreamKey); // it works as before
    }

    [Fact]
    public async Task While_live_a_key_can_be_replaced_which_ends_the_session()
    {
        var creator = await _system.NewChannel();
        await _system.LiveKit.GoLive(creator.StreamKey);
        await Eventually.True(creator.IsLive);
        var first = (await creator.Status()).GetProperty("sessionId").GetString();

        using var answer = await Post(creator, null, "?replace=true");

        var key = (await TestCreator.Read(answer, HttpStatusCode.Created)).GetProperty("streamKey").GetString()!;
        Assert.Equal("ended", await creator.State());
        await Assert.ThrowsAsync<InvalidOperationException>(() => _system.LiveKit.Stop(creator.StreamKey)); // nobody is live with it
        await _system.LiveKit.GoLive(key);
        await Eventually.True(creator.IsLive);
        Assert.NotEqual(first, (await creator.Status()).GetProperty("sessionId").GetString());
    }

    [Fact]
    public async Task Between_a_drop_and_the_end_of_its_window_a_key_can_be_reset()
    {
        var creator = await _system.NewChannel();
        await _system.LiveKit.GoLive(creator.StreamKey);
        await Eventually.True(creator.IsLive);
        await _system.LiveKit.EncoderKilled(creator.StreamKey);
        await Eventually.Equal("reconnecting", creator.State);

        await creator.CreateIngress();

        Assert.Equal("ended", await creator.State()); // nobody can reconnect with the old key
    }

    [Fact]
    public async Task A_deleted_key_is_dead_and_the_settings_stay()
    {
        var creator = await _system.NewChannel();
        await Put(creator, """{"title":"Kept"}""");
        var room = await creator.Room();

        using var answer = await creator.Api.DeleteAsync(Ingress);

        Assert.Equal("""{"message":"Stream ingress deleted successfully"}""", (await TestCreator.Read(answer, HttpStatusCode.OK)).GetRawText());
        Assert.False((await _system.LiveKit.GoLive(creator.StreamKey)).Accepted);
        Assert.Empty(await _system.IngressesIn(room));
        var info = await creator.Info();
        Assert.Equal(("Kept", JsonValueKind.Null), (info.GetProperty("title").GetString(), info.GetProperty("ingress").ValueKind));
        await (await creator.Api.DeleteAsync(Ingress)).IsError(404, "ingress_not_found");
        Assert.Equal("Still changed", (await Put(creator, """{"title":"Still changed"}""")).GetProperty("title").GetString());
        Assert.Equal("offline", await creator.State());

        await creator.CreateIngress();
        Assert.Equal((room, "Still changed"), (await creator.Room(), (await creator.Info()).GetProperty("title").GetString()));
    }

    [Fact]
    public async Task A_creator_without_a_key_has_none_to_delete()
    {
        var creator = await _system.NewCreator();
        await (await creator.Api.DeleteAsync(Ingress)).IsError(404, "ingress_not_found");
    }

    [Theory]
    [InlineData("""{"ingressType":"SRT"}""", 400, "invalid_json")]
    [InlineData("""{"ingressType":"rtmp"}""", 400, "invalid_json")]
    [InlineData("""{"ingressType":1}""", 400, "invalid_json")]
    [InlineData("""{"ingressType":"RTMP","ingressType":"WHIP"}""", 400, "invalid_json")]
    [InlineData("""{"ingressType":"RTMP","streamKey":"mine"}""", 400, "invalid_json")]
    [InlineData("""{"ingressType":"RTMP","userId":"another"}""", 400, "invalid_json")]
    [InlineData("""{"ingressType":"RTMP","enabled":true}""", 400, "invalid_json")]
    [InlineData("[]", 400, "invalid_json")]
    [InlineData("{", 400, "invalid_json")]
    public async Task A_request_that_asks_for_more_gets_nothing(string body, int status, string code)
    {
        var creator = await _system.NewCreator();
        await (await Post(creator, body)).IsError(status, code);
        await (await creator.Api.GetAsync(new Uri("/api/stream/info", UriKind.Relative))).IsError(404, "stream_not_found");
    }

    [Fact]
    public async Task Of_requests_at_once_one_gets_the_key_and_the_others_are_told()
    {
        var creator = await _system.NewCreator();
        var gate = new Gate(count: 20);
        var requests = Enumerable.Range(0, gate.Count).Select(_ => PostThrough(gate, creator)).ToList();
        await gate.Full;
        gate.Open();

        var answers = await Task.WhenAll(requests);

        var created = Assert.Single(answers, a => a.StatusCode == HttpStatusCode.Created);
        foreach (var other in answers.Except([created])) await other.IsError(409, "ingress_changing");
        var ingress = Assert.Single(await _system.IngressesIn(await creator.Room()));
        Assert.Equal(ingress.StreamKey, (await TestCreator.Read(created, HttpStatusCode.Created)).GetProperty("streamKey").GetString());
        Assert.Equal(ingress.IngressId, (await creator.Info()).GetProperty("ingress").GetProperty("id").GetString());
    }

    [Fact]
    public async Task Creators_at_once_do_not_disturb_each_other()
    {
        var creators = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => _system.NewCreator()));

        await Task.WhenAll(creators.Select((c, i) => c.CreateIngress(i % 2 == 0 ? "RTMP" : "WHIP")));

        Assert.Equal(creators.Length, creators.Select(c => c.StreamKey).Distinct().Count());
        foreach (var creator in creators) Assert.Equal([creator.StreamKey], (await _system.IngressesIn(await creator.Room())).Select(i => i.StreamKey));
    }

    private static async Task<HttpResponseMessage> Post(TestCreator creator, string? body, string query = "")
    {
        using var content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json");
        return await creator.Api.PostAsync(new Uri(Ingress + query, UriKind.Relative), content);
    }

    private static async Task<JsonElement> Put(TestCreator creator, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await creator.Api.PutAsync(new Uri("/api/stream/info", UriKind.Relative), content);
        return (await TestCreator.Read(answer, HttpStatusCode.OK)).GetProperty("stream");
    }

    private static async Task<HttpResponseMessage> PostThrough(Gate gate, TestCreator creator)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Ingress) { Content = gate.NewBody() };
        request.Headers.ExpectContinue = true;
        return await creator.Api.SendAsync(request);
    }

    /// <summary>Holds the bodies of requests back until the API waits for all of them: it has begun each before it can finish any.</summary>
    private sealed class Gate(int count)
    {
        private readonly TaskCompletionSource _full = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _open = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _waiting;

        public int Count => count;

        public Task Full => _full.Task.WaitAsync(TimeSpan.FromSeconds(30));

        public void Open() => _open.SetResult();

        public HttpContent NewBody() => new Body(this) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };

        private sealed class Body(Gate gate) : HttpContent
        {
            protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
            {
                if (Interlocked.Increment(ref gate._waiting) == gate.Count) gate._full.SetResult(); // the API has said "100 Continue"
                await gate._open.Task;
                await stream.WriteAsync("{}"u8.ToArray());
            }

            protected override bool TryComputeLength(out long length)
            {
                length = 2;
                return true;
            }
        }
    }
}
