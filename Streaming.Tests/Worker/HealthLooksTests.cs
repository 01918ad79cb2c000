using LiveKitSimulator;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Npgsql;
using StackExchange.Redis;
using Streaming.Core;
using Streaming.Core.Events;
using Streaming.Core.Health;
using Streaming.Core.LiveKit;
using Streaming.Core.Streams;
using Streaming.Tests.Fixtures;
using Streaming.WebhookWorker.Broadcasting;

namespace Streaming.Tests.Worker;

/// <summary>What LiveKit says of an encoder's input, and what becomes of it.</summary>
public sealed class HealthLooksTests : IAsyncLifetime
{
    private TestDatabase _database = null!;
    private LiveKitSimulatorHost _liveKit = null!;
    private ServiceProvider _services = null!;

    public async Task InitializeAsync()
    {
        _database = await TestDatabase.NewAsync();
        _liveKit = await LiveKitSimulatorHost.StartAsync(new SimulatorOptions());
        _services = new ServiceCollection()
            .AddLogging()
            .AddSingleton<IConnectionMultiplexer>(await ConnectionMultiplexer.ConnectAsync((await RedisServer.Shared).ConnectionString))
            .AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
            {
                ["LiveKit:Url"] = _liveKit.Address.ToString(),
                ["LiveKit:ApiKey"] = _liveKit.Options.ApiKey,
                ["LiveKit:ApiSecret"] = _liveKit.Options.ApiSecret.Reveal(),
            }).Build())
            .AddStreamingCore(_ => _database.ConnectionString)
            .AddLiveKit()
            .BuildServiceProvider();
    }

    public async Task DisposeAsync()
    {
        await _services.DisposeAsync();
        await _liveKit.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Fact]
    public async Task An_issue_opens_once_and_closes_once_and_one_call_asks_about_all_encoders()
    {
        var channels = new List<(Channel Channel, string Key)>();
        for (var i = 0; i < 3; i++) channels.Add(await Live(new Encoder { Width = 320, Height = 240 }));
        await _liveKit.Client.ForgetCalls();
        var looks = Looks();
        for (var i = 0; i < 3; i++) await looks.Look(default);

        Assert.Equal(["ListIngress", "ListIngress", "ListIngress"], (await _liveKit.Client.Calls()).Select(c => c.Method));
        foreach (var (channel, _) in channels) Assert.Equal(["IssueOpened resolutionLow"], await Told(channel));
        var input = await _database.Rows("select video_codec, width, height, frames_per_second, audio_codec from ingest_inputs where channel_id = @c", new NpgsqlParameter("c", channels[0].Channel.Id));
        Assert.Equal(["video/H264 | 320 | 240 | 25 | audio/aac"], input);

        // A refused connection hides the encoder from LiveKit's answer: what was known stays.
        await _liveKit.Client.RefusedConnectionWhileLive(channels[0].Key);
        await looks.Look(default);
        Assert.Equal(["IssueOpened resolutionLow"], await Told(channels[0].Channel));

        await Take(channels[1], new Encoder());
        for (var i = 0; i < 2; i++) await looks.Look(default);
        Assert.Equal(["IssueOpened resolutionLow", "IssueClosed resolutionLow"], await Told(channels[1].Channel));
    }

    [Fact]
    public async Task The_ledger_has_what_each_connection_sends_and_a_new_kind_of_encoder_is_told()
    {
        var live = await Live(new Encoder());
        var looks = Looks();
        for (var i = 0; i < 2; i++) await looks.Look(default);
        await Take(live, new Encoder()); // the same encoder, connected again
        await looks.Look(default);
        await Take(live, new Encoder { Width = 640, Height = 480 });
        await looks.Look(default);

        Assert.Equal(
            ["NewEncoder h264 1280x720@25 aac 1x48000", "Input h264 1280x720@25 aac 1x48000", "NewEncoder h264 640x480@25 aac 1x48000"],
            await _database.Rows("select kind || ' ' || detail from key_ledger where channel_id = @c and kind in ('Input', 'NewEncoder') order by sequence", new NpgsqlParameter("c", live.Channel.Id)));
        Assert.Equal(
            ["h264 1280x720@25 aac 1x48000", "h264 640x480@25 aac 1x48000"],
            await _database.Rows("select reason from timeline where channel_id = @c and transition = 'NewEncoder' order by id", new NpgsqlParameter("c", live.Channel.Id)));
        Assert.Equal(["1280", "1280", "640"], await _database.Rows("select width from ingest_inputs where channel_id = @c order by seen_at", new NpgsqlParameter("c", live.Channel.Id))); // of each connection
        Assert.Empty(await KeyLedger.Verify(_database.Source).ToListAsync());
    }

    [Fact]
    public void A_profile_says_nothing_that_somebody_else_wrote()
    {
        var look = new IngressLook("IN_1", "room", true, "RT_1", IsPublishing: true, IsBuffering: false, null, new VideoLook("video/<script>", 1280, 720, 29.97, 1), null);
        Assert.Equal("other 1280x720@30", EncoderProfile.Of(look));
        Assert.Null(EncoderProfile.Of(look with { Video = null }));
    }

    [Theory]
    [InlineData(1280, 720, 30, 2_500_000, "video/H264", "audio/aac")]
    [InlineData(720, 1280, 30, 2_500_000, "video/x-vp8", "audio/opus")]
    [InlineData(1280, 720, 0, 0, "", "audio/opus")] // what LiveKit does not know is not held against anybody
    [InlineData(1920, 1080, 30, 1_500_000, "video/H264", "audio/aac", "videoBitrateLow")]
    [InlineData(1280, 720, 30, 9_000_000, "video/H264", "audio/aac", "videoBitrateHigh")]
    [InlineData(1280, 720, 15, 2_500_000, "video/H264", "audio/aac", "fpsLow")]
    [InlineData(426, 240, 30, 800_000, "video/H264", "audio/aac", "resolutionLow")]
    [InlineData(1280, 720, 30, 2_500_000, "video/x-flash-video", "audio/aac", "codecUnsupported")]
    [InlineData(1280, 720, 30, 2_500_000, "video/H264", "audio/nellymoser", "codecUnsupported")]
    [InlineData(1280, 720, 30, 2_500_000, "video/H264", null, "noAudio")]
    [InlineData(0, 0, 0, 0, null, "audio/aac", "noVideo")]
    public void What_is_wrong_with_an_input(int width, int height, double fps, int bitrate, string? video, string? audio, params string[] codes)
    {
        var look = new IngressLook("IN_1", "room", true, "RT_1", IsPublishing: true, IsBuffering: false, null,
            video is null ? null : new VideoLook(video, width, height, fps, bitrate), audio is null ? null : new AudioLook(audio, 2, 48_000, 128_000));
        Assert.Equal(codes, InputRules.Of(look, InputRules.Settled, sentBefore: false).Select(i => i.Code));
        Assert.Empty(InputRules.Of(look, InputRules.Settled - TimeSpan.FromSeconds(1), sentBefore: false)); // LiveKit has not looked yet
    }

    [Fact]
    public void An_encoder_that_sends_nothing_any_more_starves()
    {
        var look = new IngressLook("IN_1", "room", true, "RT_1", IsPublishing: true, IsBuffering: false, null, new VideoLook("video/H264", 1280, 720, 30, 0), new AudioLook("audio/aac", 2, 48_000, 0));
        Assert.Equal(["starving"], InputRules.Of(look, InputRules.Settled, sentBefore: true).Select(i => i.Code));
        Assert.Empty(InputRules.Of(look, InputRules.Settled, sentBefore: false));
        Assert.Equal(["starving"], InputRules.Of(look with { IsPublishing = false, IsBuffering = true }, InputRules.Settled, sentBefore: false).Select(i => i.Code));
    }

    [Fact]
    public void Every_issue_says_what_to_do()
    {
        Assert.True(IssueKind.All.Count >= 11);
        Assert.All(IssueKind.All.Values, kind => Assert.True(kind is { Message.Length: > 10, Fix.Length: > 10, Severity: not Severity.Ok }, kind.Code));
    }

    private HealthLooks Looks() => ActivatorUtilities.CreateInstance<HealthLooks>(_services, Options.Create(new BroadcastingOptions()), NullLogger<HealthLooks>.Instance);

    private async Task<(Channel Channel, string Key)> Live(Encoder encoder)
    {
        var channel = await _database.NewChannel();
        var ingress = await _services.GetRequiredService<LiveKitApi>().CreateIngress(channel.Id, new NewKey(IngressType.RTMP, null, IsPrimary: true, KeyQuality.Auto), CancellationToken.None);
        await Take((channel, ingress.Key.Reveal()), encoder);
        return (channel, ingress.Key.Reveal());
    }

    /// <summary>Somebody connects; the webhook says so, and that it was a minute ago.</summary>
    private async Task Take((Channel Channel, string Key) on, Encoder encoder)
    {
        var live = await _liveKit.Client.GoLive(on.Key, encoder);
        var at = TimeProvider.System.GetUtcNow().AddMinutes(-1);
        var started = new LiveKitEvent
        {
            Id = $"EV_{live.ResourceId}",
            Kind = EventKinds.IngressStarted,
            CreatedAt = at,
            Ingress = new IngressFacts(live.IngressId!, live.ResourceId, $"{on.Channel.Id}", at, null, null),
        };
        await _services.GetRequiredService<EventApplier>().Apply([new QueuedEvent(started.Id, started, at, null)], default);
    }

    private Task<IReadOnlyList<string>> Told(Channel channel) =>
        _database.Rows("select transition || ' ' || reason from timeline where channel_id = @c and transition like 'Issue%' order by id", new NpgsqlParameter("c", channel.Id));
}
