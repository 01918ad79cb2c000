using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json;
using LiveKitSimulator;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Microsoft.IdentityModel.Tokens;
using Streaming.Core;
using Streaming.Core.LiveKit;
using Streaming.Core.Streams;
using Streaming.Tests.Api;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Security;

/// <summary>The tokens we make for LiveKit: what is in them, literally, since LiveKit takes what is missing for allowed.</summary>
public sealed class LiveKitTokenTests : IAsyncLifetime
{
    private const string Key = "key", Secret = "a-livekit-secret-of-at-least-32-bytes", Room = "019abf3c-5a0e-7c55-9d2b-3f1f6c3a9b10";

    private static readonly DateTimeOffset Now = DateTimeOffset.UnixEpoch.AddSeconds(1_800_000_000);

    private TestSystem _system = null!;

    public async Task InitializeAsync() => _system = await TestSystem.Shared;

    public Task DisposeAsync() => Task.CompletedTask;

    [Theory]
    [InlineData("host:ann:1", "creator", "true", "true")]
    [InlineData("viewer:ben:1", "viewer who may chat", "false", "true")]
    [InlineData("viewer:ben:1", "viewer who may not chat", "false", "false")]
    [InlineData("guest:0123", "guest", "false", "false")]
    public void A_token_says_this_and_nothing_else(string identity, string who, string canPublish, string canPublishData)
    {
        var grants = who switch
        {
            "creator" => RoomGrants.Creator,
            "viewer who may chat" => RoomGrants.Viewer(mayChat: true),
            "viewer who may not chat" => RoomGrants.Viewer(mayChat: false),
            _ => RoomGrants.Guest,
        };

        var token = Tokens().Mint(identity, Room, grants);

        var parts = token.Reveal().Split('.');
        Assert.Equal("""{"alg":"HS256","typ":"JWT"}""", Decoded(parts[0]));
        Assert.Equal(
            $$$"""{"iss":"key","sub":"{{{identity}}}","nbf":1799999990,"exp":1800000600,"video":{"room":"{{{Room}}}","roomJoin":true,"""
            + $$$""" "canSubscribe":true,"canPublish":{{{canPublish}}},"canPublishData":{{{canPublishData}}},"canUpdateOwnMetadata":false} }""".Replace(" ", "", StringComparison.Ordinal),
            Decoded(parts[1]));
        Assert.Equal(Now.AddMinutes(10), token.ExpiresAt);
        Assert.Equal("***", $"{token}");
    }

    [Theory]
    [InlineData("viewer:ben:1", "")]
    [InlineData("viewer:ben:1", " ")]
    [InlineData("viewer:ben:1", null)]
    [InlineData("", Room)]
    [InlineData(null, Room)]
    public void Without_a_room_or_a_name_there_is_no_token(string? identity, string? room) => // LiveKit takes no room for any room
        Assert.ThrowsAny<ArgumentException>(() => Tokens().Mint(identity!, room!, RoomGrants.Guest));

    [Fact]
    public async Task A_creators_token_is_for_his_own_room_and_each_for_one_device()
    {
        var creator = await _system.NewChannel();
        var room = await creator.Room();
        var identities = new List<string>();
        foreach (var _ in new[] { "laptop", "telephone" })
        {
            using var answer = await creator.Api.PostAsync(new Uri("/api/stream/creator-token", UriKind.Relative), null);
            var body = await TestCreator.Read(answer, HttpStatusCode.OK);
            Assert.True(answer.Headers.CacheControl is { NoStore: true });
            Assert.Equal(["token", "url", "identity", "expiresAt"], body.EnumerateObject().Select(p => p.Name));
            Assert.StartsWith("ws://", body.GetProperty("url").GetString(), StringComparison.Ordinal);

            var claims = JsonDocument.Parse(Decoded(body.GetProperty("token").GetString()!.Split('.')[1])).RootElement;
            var identity = body.GetProperty("identity").GetString()!;
            Assert.Matches($"^host:{creator.UserId}:[0-9a-f]{{32}}$", identity);
            Assert.Equal((identity, room, true), (claims.GetProperty("sub").GetString(), claims.GetProperty("video").GetProperty("room").GetString(), claims.GetProperty("video").GetProperty("canPublish").GetBoolean()));
            Assert.Equal(body.GetProperty("expiresAt").GetDateTimeOffset().ToUnixTimeSeconds(), claims.GetProperty("exp").GetInt64());
            Assert.InRange(body.GetProperty("expiresAt").GetDateTimeOffset() - TimeProvider.System.GetUtcNow(), TimeSpan.FromMinutes(9), TimeSpan.FromMinutes(10));
            identities.Add(identity);
        }

        Assert.Equal(2, identities.Distinct().Count());
        await (await (await _system.NewCreator()).Api.PostAsync(new Uri("/api/stream/creator-token", UriKind.Relative), null)).IsError(404, "stream_not_found");
    }

    [Fact]
    public async Task Our_own_calls_to_LiveKit_hold_the_one_grant_they_need_for_a_minute()
    {
        var seen = new ConcurrentQueue<string>();
        await using var liveKit = await RecordingLiveKit(seen);
        await using var services = new ServiceCollection()
            .AddLogging()
            .AddSingleton(TimeProvider.System)
            .AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
            {
                ["LiveKit:Url"] = liveKit.Urls.Single(),
                ["LiveKit:ApiKey"] = Key,
                ["LiveKit:ApiSecret"] = Secret,
            }).Build())
            .AddLiveKit()
            .BuildServiceProvider();
        var api = services.GetRequiredService<LiveKitApi>();

        await Assert.ThrowsAsync<LiveKitException>(() => api.CreateIngress(Guid.CreateVersion7(), new NewKey(IngressType.RTMP, null, IsPrimary: true, KeyQuality.Auto), CancellationToken.None));
        await api.ListIngresses(Guid.CreateVersion7(), CancellationToken.None);
        await api.ListOwnIngresses(CancellationToken.None);
        await api.DeleteIngress("IN_1", CancellationToken.None);

        Assert.Equal(4, seen.Count);
        Assert.All(seen, authorization =>
        {
            var (claims, refusal) = Jwt.Read(authorization["Bearer ".Length..], Key, new ApiSecret(Secret), TimeProvider.System.GetUtcNow());
            Assert.Null(refusal);
            Assert.Equal(["ingressAdmin"], new Grants(claims).Held);
            Assert.InRange(claims.GetProperty("exp").GetInt64() - claims.GetProperty("nbf").GetInt64(), 1, 62);
        });
    }

    [Fact]
    public async Task A_LiveKit_token_is_no_session_and_a_session_is_no_webhook_and_a_webhook_opens_nothing_at_LiveKit()
    {
        var creator = await _system.NewChannel();
        using var answer = await creator.Api.PostAsync(new Uri("/api/stream/creator-token", UriKind.Relative), null);
        var liveKitToken = (await TestCreator.Read(answer, HttpStatusCode.OK)).GetProperty("token").GetString()!;
        var session = await _system.Token(creator.UserId);
        var body = """{"event":"room_started","id":"EV_1"}"""u8.ToArray();
        var webhook = new WebhookSigner(_system.LiveKitHost.Options.ApiKey, _system.LiveKitHost.Options.ApiSecret.Reveal());

        foreach (var token in new[] { liveKitToken, webhook.Token(body) })
        {
            using var asSession = new HttpRequestMessage(HttpMethod.Get, "/api/stream/info");
            asSession.Headers.Authorization = new("Bearer", token);
            await (await _system.Anonymous.SendAsync(asSession)).IsError(401, "unauthorized");
        }

        foreach (var token in new[] { liveKitToken, session, $"Bearer {session}" })
        {
            using var asWebhook = WebhookSigner.Request(body, token);
            await (await _system.Anonymous.SendAsync(asWebhook)).IsError(401, "invalid_signature");
        }

        foreach (var (token, rightfully) in new[] { (webhook.Token([]), false), (liveKitToken, false), (session, false), (Administrator(), true) })
        {
            using var http = new HttpClient(new SocketsHttpHandler());
            using var call = new HttpRequestMessage(HttpMethod.Post, new Uri(_system.LiveKitHost.Address, "/twirp/livekit.Ingress/ListIngress"));
            call.Headers.Authorization = new("Bearer", token);
            call.Content = new StringContent("{}", Encoding.UTF8, "application/json");
            Assert.Equal(rightfully, (await http.SendAsync(call)).StatusCode == HttpStatusCode.OK);
        }

        string Administrator() => webhook.Token([], claims =>
        {
            claims["sub"] = "test";
            claims["video"] = new System.Text.Json.Nodes.JsonObject { ["ingressAdmin"] = true };
        });
    }

    private static AccessTokens Tokens() => new(Options.Create(new LiveKitOptions { ApiKey = Key, ApiSecret = Secret }), new FakeTimeProvider(Now));

    private static string Decoded(string part) => Base64UrlEncoder.Decode(part);

    /// <summary>Answers everything with an empty message.</summary>
    private static async Task<WebApplication> RecordingLiveKit(ConcurrentQueue<string> authorizations)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.MapPost("/twirp/{service}/{method}", (HttpRequest request) =>
        {
            authorizations.Enqueue(request.Headers.Authorization.ToString());
            return Results.Bytes([], "application/protobuf");
        });
        await app.StartAsync();
        return app;
    }
}
