using System.Collections.Concurrent;
using Livekit.Server.Sdk.Dotnet;
using LiveKitSimulator;
using Microsoft.Extensions.Time.Testing;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Simulator;

/// <summary>Every story that was captured from a real LiveKit, played by the simulator, gives the same webhooks.</summary>
public sealed class CapturedStoriesTests
{
    private const string CreatorRole = """{"role":"creator"}""";
    private const string ViewerRole = """{"role":"viewer"}""";

    private static readonly Dictionary<string, Func<Stage, Task>> Stories = new()
    {
        ["browser-creator-one-viewer"] = async on =>
        {
            await on.Creator("live-a", "creator-1");
            await on.Viewer("live-a", "viewer-1");
            await on.Play.ViewerLeaves("live-a", "viewer-1");
            await on.Play.BrowserCreatorLeaves("live-a", "creator-1");
        },
        ["client-killed-left-21s-later"] = async on =>
        {
            await on.Creator("e-crash", "creator-1");
            await on.Play.ViewerKilled("e-crash", "creator-1");
        },
        ["connection-aborted"] = on =>
            on.Play.ConnectionAborted(new Newcomer { Token = on.Token("e-abort", "ab-1", new VideoGrants()).ToJwt() }),
        ["livekit-killed-and-restarted"] = async on =>
        {
            await on.Creator("r-kill", "cr");
            await on.Settled();
            await on.Play.LiveKitKilledAndRestarted();
            await on.Play.BrowserCreatorLeaves("r-kill", "cr");
        },
        ["receiver-failed-then-recovered"] = async on =>
        {
            await on.Rooms.CreateRoom(new CreateRoomRequest { Name = "f-500-2_a", EmptyTimeout = 3600 });
            await on.Rooms.DeleteRoom(new DeleteRoomRequest { Room = "f-500-2_a" });
        },
        ["refused-connection-while-live"] = async on =>
        {
            var key = await on.Ingress(IngressInput.RtmpInput, "f7room", "creator-f7");
            await on.Play.GoLive(key, new Encoder { Width = 320, Height = 240, SampleRate = 44_100, Known = KnownAtStart.Audio });
            await on.Play.RefusedConnectionWhileLive(key);
            await on.Play.Stop(key);
            await on.Play.RoomDeleted("f7room");
        },
        ["refused-start-then-viewer-only-room"] = async on =>
        {
            await on.Play.RefusedStart(await on.Ingress(IngressInput.RtmpInput, "live-rtmp", "creator-rtmp"));
            await on.Viewer("live-rtmp", "viewer-r");
            await on.Play.ViewerLeaves("live-rtmp", "viewer-r");
        },
        ["room-deleted"] = async on =>
        {
            await on.Creator("e-del", "cr");
            await on.Viewer("e-del", "v1");
            await on.Rooms.DeleteRoom(new DeleteRoomRequest { Room = "e-del" });
        },
        ["rtmp-encoder-killed"] = async on =>
        {
            var key = await on.Ingress(IngressInput.RtmpInput, "e-kill", "creator-k");
            await on.Play.DuplicateIngressStarted(key, new Encoder { Width = 320, Height = 240 });
            await on.Play.EncoderKilled(key);
        },
        ["rtmp-obs-one-viewer"] = async on =>
        {
            var key = await on.Ingress(IngressInput.RtmpInput, "live-rtmp3", "creator-rtmp");
            await on.Play.GoLive(key, new Encoder { Width = 640, Height = 360, LateLayer = "q" });
            await on.Viewer("live-rtmp3", "viewer-r");
            await on.Play.ViewerLeaves("live-rtmp3", "viewer-r");
            await on.Play.Stop(key);
        },
        ["same-identity-joins-twice"] = async on =>
        {
            await on.Creator("e-dup", "cr");
            await on.Play.SameIdentityJoinsTwice("e-dup", "cr");
            await on.Play.BrowserCreatorLeaves("e-dup", "cr");
        },
        ["url-input-fails"] = on => on.Play.UrlInputFails(new UrlInput("u1", "u")),
        ["viewer-removed-then-host-gone"] = async on =>
        {
            await on.Creator("e-kick", "cr");
            await on.Viewer("e-kick", "ghost", hidden: true);
            await on.Rooms.RemoveParticipant(new RoomParticipantIdentity { Room = "e-kick", Identity = "ghost" });
            await on.Rooms.RemoveParticipant(new RoomParticipantIdentity { Room = "e-kick", Identity = "cr" });
            await on.Rooms.DeleteRoom(new DeleteRoomRequest { Room = "e-kick" });
        },
        ["whip-passthrough-one-viewer"] = async on =>
        {
            var key = await on.Ingress(IngressInput.WhipInput, "live-whip-false", "creator-whip");
            await on.Play.GoLive(key, new Encoder { Width = 320, Height = 240 });
            await on.Viewer("live-whip-false", "viewer-w");
            await on.Play.ViewerLeaves("live-whip-false", "viewer-w");
            await on.Play.Stop(key);
        },
        ["whip-transcoded-duplicate-ingress-started"] = async on =>
        {
            var key = await on.Ingress(IngressInput.WhipInput, "live-whip-true", "creator-whip", transcode: true);
            await on.Play.DuplicateIngressStarted(key, new Encoder { Width = 320, Height = 240, LateLayer = "h" });
            await on.Viewer("live-whip-true", "viewer-w");
            await on.Play.ViewerLeaves("live-whip-true", "viewer-w");
            await on.Play.Stop(key);
        },
    };

    public static TheoryData<string> Names => [.. Stories.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task The_simulator_sends_what_LiveKit_sent(string story)
    {
        var captured = CapturedStory.Read(story);
        await using var receiver = await Receiver.StartAsync();
        receiver.Answer = AsCaptured(captured);
        await using var stage = await Stage.SetAsync(receiver);

        await Stories[story](stage);

        await stage.TimePasses(until: () => receiver.All.Count >= captured.Count);
        await stage.Settled();
        Assert.All(receiver.All, request => Assert.Equal("application/webhook+json", request.Headers["Content-Type"]));
        var expected = CapturedStory.Comparable(captured.Select(request => (request.Body, request.Answered)));
        var actual = CapturedStory.Comparable(receiver.All.Select(request => (request.Text, request.Answered)));
        Assert.Equal(expected.Keys.Order(), actual.Keys.Order());
        foreach (var queue in expected.Keys) Assert.Equal(string.Join('\n', expected[queue]), string.Join('\n', actual[queue]));
    }

    [Fact]
    public void Every_captured_story_is_played()
    {
        var files = Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Captures"), "*.jsonl");
        Assert.Equal(files.Select(Path.GetFileNameWithoutExtension).Order(), Stories.Keys.Order());
    }

    // The n-th request of a queue gets the answer that the n-th of that queue got then.
    private static Func<Received, Microsoft.AspNetCore.Http.HttpResponse, Task<int>> AsCaptured(IReadOnlyList<CapturedRequest> captured)
    {
        var answers = captured
            .GroupBy(request => CapturedStory.Queue(request.Body))
            .ToDictionary(queue => queue.Key, queue => new ConcurrentQueue<int>(queue.Select(request => request.Answered)));
        return (request, _) => Task.FromResult(
            answers.TryGetValue(CapturedStory.Queue(request.Text), out var left) && left.TryDequeue(out var answer) ? answer : 200);
    }

    /// <summary>A simulator whose clock stands still while the story is told, and the people in the captures.</summary>
    private sealed class Stage(LiveKitSimulatorHost simulator, FakeTimeProvider clock) : IAsyncDisposable
    {
        public SimulatorClient Play => simulator.Client;
        public RoomServiceClient Rooms => new(simulator.Address.ToString(), simulator.Options.ApiKey, Secret, Http());
        private IngressServiceClient Ingresses => new(simulator.Address.ToString(), simulator.Options.ApiKey, Secret, Http());
        private string Secret => simulator.Options.ApiSecret.Reveal();

        public static async Task<Stage> SetAsync(Receiver receiver)
        {
            var clock = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
            return new Stage(
                await LiveKitSimulatorHost.StartAsync(new SimulatorOptions
                {
                    Webhooks = [receiver.Url],
                    Time = clock,
                    MaxWebhookAge = TimeSpan.FromHours(1),
                    RtmpUrl = "rtmp://127.0.0.1:1935/live",
                    WhipUrl = "http://127.0.0.1:8085/w",
                }),
                clock);
        }

        public AccessToken Token(string room, string identity, VideoGrants grants)
        {
            (grants.RoomJoin, grants.Room) = (true, room);
            return new AccessToken(simulator.Options.ApiKey, Secret).WithIdentity(identity).WithGrants(grants);
        }

        public Task<Joined> Creator(string room, string identity) => Play.BrowserCreator(new Newcomer
        {
            Token = Token(room, identity, new VideoGrants { CanPublish = true, CanPublishData = true, CanSubscribe = false })
                .WithName("Creator One").WithMetadata(CreatorRole).WithAttributes(new() { ["role"] = "creator" }).ToJwt(),
        });

        public Task<Joined> Viewer(string room, string identity, bool hidden = false) => Play.ViewerJoins(new Newcomer
        {
            Token = Token(room, identity, new VideoGrants { CanPublish = false, CanPublishData = false, Hidden = hidden })
                .WithName("Viewer").WithMetadata(ViewerRole).ToJwt(),
        });

        public async Task<string> Ingress(IngressInput input, string room, string identity, bool? transcode = null)
        {
            var request = new CreateIngressRequest
            {
                InputType = input,
                Name = input is IngressInput.RtmpInput ? "rtmp-ing" : "whip-ing",
                RoomName = room,
                ParticipantIdentity = identity,
                ParticipantName = $"Creator {identity}",
                ParticipantMetadata = CreatorRole,
            };
            if (transcode is { } enable) request.EnableTranscoding = enable;
            return (await Ingresses.CreateIngress(request)).StreamKey;
        }

        public Task TimePasses(Func<bool> until) => Eventually.True(() =>
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            return until();
        });

        public async Task Settled() => Assert.True((await Play.Idle(TimeSpan.FromSeconds(20))).IsIdle);

        public ValueTask DisposeAsync() => simulator.DisposeAsync();

        private static HttpClient Http() => new(new SocketsHttpHandler());
    }
}
