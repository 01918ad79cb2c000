using System.Net;
using System.Text;
using System.Text.Json;
using Livekit.Server.Sdk.Dotnet;
using LiveKitSimulator;
using Npgsql;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Security;

/// <summary>A whole story with planted secrets, and then a look at everything that was written or said meanwhile.</summary>
public sealed class CanaryTests
{
    private const string LiveKitSecret = "CANARY-livekit-secret-5e1b7c09d2f84a63";
    private const string Title = "CANARY-title-5e1b";

    /// <summary>What a webhook may hold that no projection of ours has room for.</summary>
    private const string Planted = "CANARY-webhook-5e1b";

    private readonly List<string> _answers = [], _creatingAnswers = [], _tokenAnswers = [];

    [Fact]
    public async Task No_secret_is_found_where_it_does_not_belong()
    {
        await using var auth = await AuthServer.Start();
        await using var system = await TestSystem.StartAsync(
            new Dictionary<string, string> { ["Logging__LogLevel__Default"] = "Trace", ["Logging__LogLevel__Streaming"] = "Trace" },
            simulator => simulator with { ApiSecret = new ApiSecret(LiveKitSecret) }, auth: auth);

        var creator = await system.NewCreator();
        var (turnPassword, liveKitToken, keys) = await Tell(system, creator);
        var room = await creator.Room();
        var ingress = (await creator.Info()).GetProperty("ingress").GetProperty("id").GetString()!;

        // With Redis and the worker away, events wait in Postgres: a dump is taken while they do.
        await system.Worker.TerminateAsync();
        await system.Redis.KillAsync();
        await system.LiveKit.GoLive(keys[^1]);
        Assert.True((await system.LiveKit.Idle(TimeSpan.FromSeconds(20))).IsIdle);
        var dump = (await system.Database.TryDumpAsync())!;
        await Ask(creator, HttpMethod.Delete, "/api/stream/ingress", HttpStatusCode.OK);
        await system.Api.TerminateAsync(); // which also sends the last telemetry

        var places = new Dictionary<string, string>
        {
            ["the API's log"] = system.Api.Log,
            ["the worker's log"] = system.Worker.Log,
            ["Redis' append-only file"] = Files(system.Redis.Data, "*.aof"),
            ["a dump of Postgres"] = dump,
            ["the API's answers"] = string.Join('\n', _answers),
        };
        foreach (var signal in OtlpCapture.Signals) places[$"the {signal}"] = system.Telemetry.Text(signal);

        // First that the places are the right ones: what belongs there is there, and a secret in an answer is found.
        Assert.Contains(_creatingAnswers, answer => Finds(answer, TestSystem.KeyPrefix));
        Assert.Contains(_tokenAnswers, answer => Finds(answer, liveKitToken));
        foreach (var (place, marker) in new[]
        {
            ("the API's log", ingress), ("the worker's log", "events"), ("Redis' append-only file", room), ("a dump of Postgres", room), ("a dump of Postgres", Title), ("a dump of Postgres", "unreadable"),
            ("the API's answers", Title), ("the traces", "livekit.event.id"), ("the metrics", "streaming.webhook.accepted"), ("the logs", ingress),
        }) Assert.True(Finds(places[place], marker), $"{marker} is not in {place}.");
        Assert.True(Finds(places["a dump of Postgres"], Convert.ToHexStringLower(Encoding.UTF8.GetBytes(room))), "No event waits in Postgres.");

        var session = creator.Api.DefaultRequestHeaders.Authorization!.Parameter!;
        var everywhere = places.Keys.ToArray();
        string[] written = [.. everywhere.Except(["a dump of Postgres", "the API's answers"])];
        foreach (var (secret, value, where) in new[]
        {
            ("a stream key", TestSystem.KeyPrefix, everywhere),
            ("the TURN password", turnPassword, everywhere),
            ("what was planted in a webhook", Planted, everywhere),
            ("LiveKit's secret", LiveKitSecret, everywhere),
            ("a session token", session, everywhere),
            ("a session token's signature", session.Split('.')[2], everywhere),
            ("a LiveKit token", liveKitToken, everywhere),
            ("Postgres' password", new NpgsqlConnectionStringBuilder(system.Database.ConnectionString).Password!, everywhere),
            ("Redis' password", system.Redis.ConnectionString.Split("password=")[1], everywhere),
            ("a title", Title, written),
        })
            foreach (var place in where)
                Assert.False(
                    Finds(places[place], value) || Finds(places[place], Convert.ToHexStringLower(Encoding.UTF8.GetBytes(value))) || Finds(places[place], Convert.ToBase64String(Encoding.UTF8.GetBytes(value)).TrimEnd('=')[..^1]),
                    $"{secret} is in {place}.");
        foreach (var answer in _creatingAnswers.Concat(_tokenAnswers))
            foreach (var value in new[] { LiveKitSecret, session, turnPassword, "ingressAdmin" }) Assert.False(Finds(answer, value));
    }

    /// <summary>All that a creator, his viewers, LiveKit and its failures do in a day.</summary>
    private async Task<(string TurnPassword, string LiveKitToken, IReadOnlyList<string> Keys)> Tell(TestSystem system, TestCreator creator)
    {
        var keys = new List<string> { await Create(creator, "RTMP") };
        await Ask(creator, HttpMethod.Put, "/api/stream/info", HttpStatusCode.OK, $$"""{"title":"{{Title}}"}""");
        await system.LiveKit.GoLive(keys[0]);
        await Eventually.True(creator.IsLive);
        var room = await creator.Room();
        await system.LiveKit.ViewerJoins(new Newcomer { Room = room, Identity = "viewer:ann:1", Metadata = Planted, Name = Planted });
        await system.LiveKit.RefusedConnectionWhileLive(keys[0]);
        var turnPassword = await TurnPasswordOf(system, room);
        await system.LiveKit.ViewerLeaves(room, "viewer:ann:1");
        await Ask(creator, HttpMethod.Get, "/api/stream/info", HttpStatusCode.OK);
        await Ask(creator, HttpMethod.Get, "/api/stream/status", HttpStatusCode.OK);
        await Ask(creator, HttpMethod.Post, "/api/stream/ingress", HttpStatusCode.Conflict);

        foreach (var (mode, status) in new[] { (ApiFaultMode.Nonsense, HttpStatusCode.BadGateway), (ApiFaultMode.Unauthorized, HttpStatusCode.InternalServerError) })
        {
            await system.LiveKit.ApiFault(new ApiFault { Mode = mode, Method = "CreateIngress", When = ApiFaultMoment.After, Times = 1 });
            await Ask(creator, HttpMethod.Post, "/api/stream/ingress?replace=true", status);
        }

        await Webhook(system, $$$"""{"event":"room_started","id":"EV_planted1","createdAt":"1795351542","room":{"sid":"RM_planted","name":"{{{room}}}","turnPassword":"{{{Planted}}}","metadata":"{{{Planted}}}","fromTheFuture":"{{{Planted}}}"}}""");
        await Webhook(system, $$$"""{"event":"ingress_ended","id":"EV_planted2","createdAt":"1795351542","ingressInfo":{"ingressId":"IN_planted","roomName":"{{{room}}}","streamKey":"{{{Planted}}}","url":"rtmp://{{{Planted}}}","state":{"status":"ENDPOINT_ERROR","error":"{{{Planted}}}","resourceId":"RT_planted","startedAt":"1795351542000000000"} } }""");
        await Webhook(system, $$"""{"event":"room_started","id":"{{Planted}}""");
        await Webhook(system, $$"""{"event":7,"id":["{{Planted}}"],"room":"{{Planted}}"}""");
        using (var forged = WebhookSigner.Request(Encoding.UTF8.GetBytes($$"""{"event":"{{Planted}}"}"""), $"{Planted}.{Planted}.{Planted}")) await Keep(_answers, await system.Anonymous.SendAsync(forged), HttpStatusCode.Unauthorized);
        using (var stranger = new HttpRequestMessage(HttpMethod.Get, $"/api/stream/info?access_token={Planted}"))
        {
            stranger.Headers.Authorization = new("Bearer", creator.Api.DefaultRequestHeaders.Authorization!.Parameter + Planted);
            await Keep(_answers, await system.Anonymous.SendAsync(stranger), HttpStatusCode.Unauthorized);
        }

        await Ask(creator, HttpMethod.Put, "/api/stream/info", HttpStatusCode.BadRequest, $$"""{"title":"New","{{Planted}}":"{{Planted}}"}""");
        keys.Add(await Create(creator, "WHIP"));
        await system.LiveKit.GoLive(keys[1]);
        await Eventually.True(creator.IsLive);
        using var answer = await creator.Api.PostAsync(new Uri("/api/stream/creator-token", UriKind.Relative), null);
        var token = (await Keep(_tokenAnswers, answer, HttpStatusCode.OK)).GetProperty("token").GetString()!;
        await system.LiveKit.BrowserCreator(new Newcomer { Token = token });
        await Eventually.True(async () => (await system.Database.Rows("select 1 from dead_letters")).Count == 2);
        Assert.True((await system.LiveKit.Idle(TimeSpan.FromSeconds(10))).IsIdle);
        return (turnPassword, token, keys);
    }

    private async Task<string> Create(TestCreator creator, string type)
    {
        using var answer = await creator.Api.PostJson("/api/stream/ingress?replace=true", $$"""{"ingressType":"{{type}}"}""");
        var key = (await Keep(_creatingAnswers, answer, HttpStatusCode.Created)).GetProperty("streamKey").GetString()!;
        await Ask(creator, HttpMethod.Get, "/api/stream/info", HttpStatusCode.OK);
        return key;
    }

    private async Task Ask(TestCreator creator, HttpMethod method, string path, HttpStatusCode expected, string? json = null)
    {
        using var answer = await creator.Api.SendBytes(method, path, json is null ? null : Encoding.UTF8.GetBytes(json));
        await Keep(_answers, answer, expected);
    }

    private async Task Webhook(TestSystem system, string body)
    {
        using var request = new WebhookSigner(system.LiveKitHost.Options.ApiKey, LiveKitSecret).Request(Encoding.UTF8.GetBytes(body));
        await Keep(_answers, await system.Anonymous.SendAsync(request), HttpStatusCode.OK);
    }

    private static async Task<JsonElement> Keep(List<string> where, HttpResponseMessage answer, HttpStatusCode expected)
    {
        where.Add($"{answer.Headers}{answer.Content.Headers}{await answer.Content.ReadAsStringAsync()}");
        return await TestCreator.Read(answer, expected);
    }

    private static async Task<string> TurnPasswordOf(TestSystem system, string room)
    {
        var password = (await system.RoomNamed(room))!.TurnPassword;
        Assert.NotEmpty(password);
        return password;
    }

    private static bool Finds(string text, string value) => text.Contains(value, StringComparison.Ordinal);

    private static string Files(string folder, string pattern)
    {
        var files = Directory.GetFiles(folder, pattern, SearchOption.AllDirectories);
        Assert.NotEmpty(files);
        return string.Concat(files.Select(file => Encoding.Latin1.GetString(File.ReadAllBytes(file))));
    }
}
