using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using LiveKitSimulator;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Npgsql;
using StackExchange.Redis;
using Streaming.Core;
using Streaming.Core.Events;
using Streaming.Core.LiveKit;
using Streaming.Core.Reconciling;
using Streaming.Core.Sessions;
using Streaming.Core.Streams;
using Streaming.Core.Viewers;
using Streaming.Tests.Fixtures;
using Streaming.WebhookWorker;
using Streaming.WebhookWorker.Reconciling;
using AccessToken = Livekit.Server.Sdk.Dotnet.AccessToken;
using VideoGrants = Livekit.Server.Sdk.Dotnet.VideoGrants;

namespace Streaming.Tests.Worker;

/// <summary>What LiveKit says when asked, against what its webhooks told: here they tell nothing, unless a test hands one over itself.</summary>
public sealed class ReconcilerTests : IAsyncLifetime
{
    private static readonly TimeSpan AtOnce = TimeSpan.Zero, Never = TimeSpan.FromMinutes(1);

    private TestDatabase _database = null!;
    private LiveKitSimulatorHost _liveKit = null!;
    private ServiceProvider _services = null!;

    public async Task InitializeAsync()
    {
        _database = await TestDatabase.NewAsync();
        _liveKit = await LiveKitSimulatorHost.StartAsync(new SimulatorOptions { DepartureTimeout = TimeSpan.FromMilliseconds(50) });
        var redis = await ConnectionMultiplexer.ConnectAsync((await RedisServer.Shared).ConnectionString);
        _services = new ServiceCollection()
            .AddLogging()
            .AddSingleton<IConnectionMultiplexer>(redis)
            .AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
            {
                ["LiveKit:Url"] = _liveKit.Address.ToString(),
                ["LiveKit:ApiKey"] = _liveKit.Options.ApiKey,
                ["LiveKit:ApiSecret"] = _liveKit.Options.ApiSecret.Reveal(),
                ["LiveKit:CallTimeout"] = "00:00:02",
            }).Build())
            .AddStreamingCore(_ => _database.ConnectionString)
            .AddLiveKit()
            .AddSingleton<Recoveries>()
            .BuildServiceProvider();
    }

    public async Task DisposeAsync()
    {
        await _services.DisposeAsync();
        await _liveKit.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Fact]
    public async Task What_is_not_as_LiveKit_says_and_what_is_old_is_measured()
    {
        var (errors, calls) = (new List<long>(), new ConcurrentQueue<string>());
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Name is "streaming.reconcile.viewer_error" or "streaming.livekit.call_duration") l.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((_, value, _, _) => errors.Add(value));
        listener.SetMeasurementEventCallback<double>((_, _, tags, _) => calls.Enqueue($"{tags[0].Value} {tags[1].Value}"));
        listener.Start();
        var (channel, key) = await NewChannel();
        await _liveKit.Client.GoLive(key);
        await _liveKit.Client.ViewerJoins($"{channel.Id}", "viewer:someone:1");
        var (reconciler, pulse) = (Reconciler(confirmStart: AtOnce), _services.GetRequiredService<WorkerPulse>());

        for (var look = 0; look < 3; look++) await reconciler.Look(everything: true, default);
        Assert.Equal([2, 2, 0], errors); // the encoder and a viewer: seen, put right, and no more
        Assert.Contains("ListRooms ok", calls);
        Assert.Equal(0, await pulse.StaleStreams(default));
        await _database.Rows("update worker_pulse set beat_at = now() - interval '46 seconds' where id = 2 returning id");
        Assert.Equal(1, await pulse.StaleStreams(default));

        await _liveKit.Client.ApiFault(new ApiFault { Mode = ApiFaultMode.Refuse, Method = "ListRooms" });
        await Assert.ThrowsAsync<LiveKitException>(() => reconciler.Look(everything: true, default));
        Assert.Contains("ListRooms Unreachable", calls);
        Assert.Equal(3, errors.Count);
    }

    [Fact]
    public async Task A_broadcast_of_which_no_webhook_told_is_live_after_two_looks()
    {
        var (channel, key) = await NewChannel();
        await _liveKit.Client.GoLive(key);
        await _liveKit.Client.ViewerJoins($"{channel.Id}", "viewer:someone:1");
        var reconciler = Reconciler(confirmStart: AtOnce);

        await reconciler.Look(everything: true, default);
        Assert.Equal(LiveState.Offline, await State(channel)); // a webhook may be on its way
        await reconciler.Look(everything: true, default);

        Assert.Equal(LiveState.Live, await State(channel));
        Assert.Equal(1, await Viewers(channel));
        Assert.Equal(["ParticipantJoined", "ParticipantJoined", "SegmentStarted"], await Corrections(channel));
        Assert.Equal(["Started | Reconcile"], await _database.Rows("select transition, cause from timeline where channel_id = @c", new NpgsqlParameter("c", channel.Id)));
    }

    [Fact]
    public async Task The_webhooks_that_come_late_after_all_change_nothing_but_the_exact_times()
    {
        var (channel, key) = await NewChannel();
        var started = await _liveKit.Client.GoLive(key);
        await Looks(Reconciler(confirmStart: AtOnce), 2);
        var session = await Session(channel);

        var at = DateTimeOffset.FromUnixTimeSeconds(1_795_352_635);
        await Apply(IngressStarted(channel, started.ResourceId!, at));
        Assert.Equal(session, await Session(channel));
        Assert.Equal([$"{at.UtcDateTime:O}"], await _database.Rows("select started_at from sessions where channel_id = @c", new NpgsqlParameter("c", channel.Id)));
        Assert.Equal(LiveState.Live, await State(channel));
    }

    [Fact]
    public async Task An_end_of_which_no_webhook_told_is_believed_at_the_second_look_ten_seconds_later_and_not_before()
    {
        var (channel, key) = await NewChannel();
        await _liveKit.Client.GoLive(key);
        await _liveKit.Client.ViewerJoins($"{channel.Id}", "viewer:someone:1");
        await Looks(Reconciler(confirmStart: AtOnce), 2);
        await _liveKit.Client.Stop(key);
        await _liveKit.Client.ViewerLeaves($"{channel.Id}", "viewer:someone:1");

        await Looks(Reconciler(confirmEnd: Never), 3);
        Assert.Equal((LiveState.Live, 1), (await State(channel), await Viewers(channel)));
        var reconciler = Reconciler(confirmEnd: AtOnce);
        await Looks(reconciler, 1);
        Assert.Equal((LiveState.Live, 1), (await State(channel), await Viewers(channel)));
        await Looks(reconciler, 1);
        Assert.Equal((LiveState.Reconnecting, 0), (await State(channel), await Viewers(channel)));
        Assert.Equal(["lost"], await _database.Rows("select end_reason from sessions where channel_id = @c", new NpgsqlParameter("c", channel.Id)));
        Assert.Equal(0, await reconciler.Look(everything: true, default));
    }

    [Fact]
    public async Task What_was_missing_at_one_look_and_is_back_at_the_next_was_never_gone()
    {
        var (channel, key) = await NewChannel();
        await _liveKit.Client.GoLive(key);
        await Looks(Reconciler(confirmStart: AtOnce), 2);
        var reconciler = Reconciler(confirmEnd: AtOnce);

        await _liveKit.Client.Stop(key);
        await Looks(reconciler, 1);
        await _liveKit.Client.GoLive(key);
        await Looks(reconciler, 1); // the former is gone for the second time, and another has begun
        Assert.Equal(LiveState.Reconnecting, await State(channel));
        await Looks(Reconciler(confirmStart: AtOnce), 2);
        Assert.Equal(LiveState.Live, await State(channel));
        Assert.Single(await _database.Rows("select id from sessions where channel_id = @c", new NpgsqlParameter("c", channel.Id)));
    }

    [Theory]
    [InlineData("ListRooms", ApiFaultMode.Refuse)]
    [InlineData("ListRooms", ApiFaultMode.Slow)]
    [InlineData("ListRooms", ApiFaultMode.Unauthorized)]
    [InlineData("ListRooms", ApiFaultMode.Nonsense)]
    [InlineData("ListRooms", ApiFaultMode.Error)]
    [InlineData("ListParticipants", ApiFaultMode.Refuse)]
    [InlineData("ListParticipants", ApiFaultMode.Slow)]
    [InlineData("ListParticipants", ApiFaultMode.Unauthorized)]
    [InlineData("ListParticipants", ApiFaultMode.Nonsense)]
    [InlineData("ListParticipants", ApiFaultMode.Error)]
    public async Task A_LiveKit_that_cannot_be_asked_ends_nothing(string method, ApiFaultMode fault)
    {
        var (channel, key) = await NewChannel();
        await _liveKit.Client.GoLive(key);
        await _liveKit.Client.ViewerJoins($"{channel.Id}", "viewer:someone:1");
        await Looks(Reconciler(confirmStart: AtOnce), 2);
        await _liveKit.Client.ApiFault(new ApiFault { Mode = fault, Method = method, DelayMs = 5_000 });

        var reconciler = Reconciler(AtOnce, AtOnce);
        for (var i = 0; i < 3; i++) await Assert.ThrowsAsync<LiveKitException>(() => reconciler.Look(everything: true, default));
        Assert.Equal((LiveState.Live, 1), (await State(channel), await Viewers(channel)));

        await _liveKit.Client.NoApiFaults();
        Assert.Equal(0, await reconciler.Look(everything: true, default));
    }

    [Fact]
    public async Task Of_a_room_that_cannot_be_asked_about_nothing_is_concluded_and_the_others_do_not_suffer()
    {
        var (unknown, unknownKey) = await NewChannel();
        var (other, otherKey) = await NewChannel();
        foreach (var key in new[] { unknownKey, otherKey }) await _liveKit.Client.GoLive(key);
        await Looks(Reconciler(confirmStart: AtOnce), 2);
        await _liveKit.Client.Stop(otherKey);
        await Eventually.True(async () => (await _services.GetRequiredService<LiveKitApi>().ListRooms(default)).Count == 1); // the other's room is closed, which ListRooms tells

        await _liveKit.Client.ApiFault(new ApiFault { Mode = ApiFaultMode.Error, Method = "ListParticipants" });
        var reconciler = Reconciler(AtOnce, AtOnce);
        for (var i = 0; i < 2; i++) await Assert.ThrowsAsync<LiveKitException>(() => reconciler.Look(everything: true, default));
        Assert.Equal((LiveState.Live, LiveState.Reconnecting), (await State(unknown), await State(other)));
    }

    [Fact]
    public async Task A_refused_connection_while_live_does_not_make_the_reconciler_doubt()
    {
        var (channel, key) = await NewChannel();
        var live = await _liveKit.Client.GoLive(key);
        await Apply(IngressStarted(channel, live.ResourceId!, TimeProvider.System.GetUtcNow()));
        await _liveKit.Client.RefusedConnectionWhileLive(key); // ListIngress shows an error from now on
        await Looks(Reconciler(AtOnce, AtOnce), 3);
        Assert.Equal(LiveState.Live, await State(channel));
        Assert.DoesNotContain("SegmentEnded", await Corrections(channel));
    }

    [Fact]
    public async Task An_encoder_that_LiveKit_said_had_ended_and_that_goes_on_as_another_participant_is_live()
    {
        var (channel, key) = await NewChannel();
        var live = await _liveKit.Client.GoLive(key);
        var now = TimeProvider.System.GetUtcNow();
        await Apply(IngressStarted(channel, live.ResourceId!, now.AddMinutes(-1)), Ended(channel, live.ResourceId!, now.AddSeconds(-30)));
        Assert.Equal(LiveState.Reconnecting, await State(channel));

        await Looks(Reconciler(confirmStart: AtOnce, confirmEnd: Never), 3);
        Assert.Equal(LiveState.Reconnecting, await State(channel)); // LiveKit's word is not doubted so soon
        await Looks(Reconciler(AtOnce, AtOnce), 2);
        Assert.Equal(LiveState.Live, await State(channel));

        await _liveKit.Client.Stop(key);
        await Looks(Reconciler(AtOnce, AtOnce), 2);
        Assert.Equal(LiveState.Reconnecting, await State(channel));
    }

    [Fact]
    public async Task Whoever_is_on_the_air_after_a_cutoff_was_enforced_is_live_though_his_clock_is_behind()
    {
        var (channel, key) = await NewChannel();
        var now = TimeProvider.System.GetUtcNow();
        await Cut(channel, now.AddSeconds(-5), isEnforced: true);
        var live = await _liveKit.Client.GoLive(key);
        await Apply(IngressStarted(channel, live.ResourceId!, now.AddMinutes(-1))); // by his clock he was cut off
        Assert.Equal(LiveState.Ended, await State(channel));
        await Looks(Reconciler(AtOnce, AtOnce), 2);
        Assert.Equal(LiveState.Live, await State(channel));
    }

    [Fact]
    public async Task Whoever_was_cut_off_and_is_not_removed_yet_is_not_believed()
    {
        var (channel, key) = await NewChannel();
        var now = TimeProvider.System.GetUtcNow();
        var live = await _liveKit.Client.GoLive(key);
        await Apply(IngressStarted(channel, live.ResourceId!, now.AddMinutes(-1)));
        Assert.Equal(LiveState.Live, await State(channel));
        await Cut(channel, now, isEnforced: false);
        Assert.Equal(LiveState.Ended, await State(channel));
        await Looks(Reconciler(AtOnce, AtOnce), 3);
        Assert.Equal(LiveState.Ended, await State(channel));
        Assert.DoesNotContain("SegmentStarted", await Corrections(channel));
    }

    private async Task Cut(Channel channel, DateTimeOffset at, bool isEnforced)
    {
        var cutoffs = _services.GetRequiredService<Cutoffs>();
        await cutoffs.Cut(channel.Id, new CutOrder(EndReasons.EndedByCreator, ChangeCause.Api, at, at), default);
        if (isEnforced) await cutoffs.Enforced(channel.Id, at, default);
    }

    [Fact]
    public async Task A_creator_in_the_browser_is_live_from_when_he_is_seen_publishing_and_as_long_as_he_stays()
    {
        var (channel, _) = await NewChannel();
        var identity = $"host:{channel.UserId}:1";
        var token = new AccessToken(_liveKit.Options.ApiKey, _liveKit.Options.ApiSecret.Reveal()).WithIdentity(identity)
            .WithGrants(new VideoGrants { RoomJoin = true, Room = $"{channel.Id}", CanPublish = true }).ToJwt();
        Assert.True((await _liveKit.Client.BrowserCreator(new Newcomer { Token = token })).Published);
        await Looks(Reconciler(confirmStart: AtOnce), 2);
        Assert.Equal(LiveState.Live, await State(channel));
        await _liveKit.Client.BrowserCreatorLeaves($"{channel.Id}", identity);
        await Looks(Reconciler(confirmEnd: AtOnce), 2);
        Assert.Equal(LiveState.Reconnecting, await State(channel));
    }

    [Fact]
    public async Task After_LiveKit_was_killed_and_restarted_without_a_word_the_new_participants_are_known_and_the_old_are_gone()
    {
        var (channel, key) = await NewChannel();
        await _liveKit.Client.GoLive(key);
        for (var i = 0; i < 3; i++) await _liveKit.Client.ViewerJoins($"{channel.Id}", $"viewer:{i}:1");
        await Looks(Reconciler(confirmStart: AtOnce), 2);
        await _liveKit.Client.LiveKitKilledAndRestarted();
        await Looks(Reconciler(AtOnce, AtOnce), 2);
        Assert.Equal((LiveState.Live, 3), (await State(channel), await Viewers(channel)));
        Assert.Equal(["4"], await _database.Rows("select count(*) from presences where channel_id = @c and is_present", new NpgsqlParameter("c", channel.Id)));
    }

    [Fact]
    public async Task Rooms_that_are_no_channels_of_ours_are_left_alone()
    {
        await _liveKit.Client.BrowserCreator(new Newcomer { Room = "another product's", Identity = "host:x:1" });
        await _liveKit.Client.BrowserCreator(new Newcomer { Room = $"{Guid.CreateVersion7()}", Identity = "host:x:1" });
        var reconciler = Reconciler(AtOnce, AtOnce);
        await Looks(reconciler, 2);
        Assert.Equal(["0"], await _database.Rows("select count(*) from corrections"));
        Assert.DoesNotContain(await _liveKit.Client.Calls(), c => c.Method == "ListParticipants");
    }

    [Fact]
    public async Task Nothing_is_asked_about_channels_in_which_nothing_goes_on()
    {
        for (var i = 0; i < 5; i++) await NewChannel();
        await _liveKit.Client.ForgetCalls();
        await Looks(Reconciler(), 2);
        Assert.Equal(["ListRooms", "ListRooms"], (await _liveKit.Client.Calls()).Select(c => c.Method));
    }

    private async Task<(Channel Channel, string Key)> NewChannel()
    {
        var channel = await _database.NewChannel();
        var ingress = await _services.GetRequiredService<LiveKitApi>().CreateIngress(channel.Id, new NewKey(IngressType.RTMP, null, IsPrimary: true, KeyQuality.Auto), CancellationToken.None);
        return (channel, ingress.Key.Reveal());
    }

    private Reconciler Reconciler(TimeSpan? confirmStart = null, TimeSpan? confirmEnd = null)
    {
        var options = Options.Create(new ReconcilingOptions { ConfirmStartAfter = confirmStart ?? Never, ConfirmEndAfter = confirmEnd ?? Never });
        return ActivatorUtilities.CreateInstance<Reconciler>(_services, options, NullLogger<Reconciler>.Instance);
    }

    private static async Task Looks(Reconciler reconciler, int times)
    {
        for (var i = 0; i < times; i++) await reconciler.Look(everything: true, default);
    }

    private async Task Apply(params LiveKitEvent[] events) =>
        await _services.GetRequiredService<EventApplier>().Apply([.. events.Select(e => new QueuedEvent(e.Id, e, e.CreatedAt, null))], default);

    private static LiveKitEvent IngressStarted(Channel channel, string resource, DateTimeOffset at) => Event("ingress_started", channel, resource, at) with
    {
        Ingress = new IngressFacts("IN_x", resource, $"{channel.Id}", at, null, null),
    };

    private static LiveKitEvent Ended(Channel channel, string resource, DateTimeOffset at) => Event("ingress_ended", channel, resource, at) with
    {
        Ingress = new IngressFacts("IN_x", resource, $"{channel.Id}", null, at, null),
    };

    private static LiveKitEvent Event(string kind, Channel channel, string resource, DateTimeOffset at) => new() { Id = $"EV_{kind}_{resource}", Kind = kind, CreatedAt = at, RoomName = $"{channel.Id}" };

    private async Task<LiveState> State(Channel channel) => (await _services.GetRequiredService<ChannelStates>().OfOwner(channel.UserId, default))!.State;

    private async Task<long> Viewers(Channel channel) => (await _services.GetRequiredService<ViewerCounts>().Count([channel.Id], default))[0].Viewers;

    private async Task<Guid?> Session(Channel channel) => (await _services.GetRequiredService<ChannelStates>().OfOwner(channel.UserId, default))!.SessionId;

    private async Task<IEnumerable<string>> Corrections(Channel channel) =>
        await _database.Rows("select kind from corrections where channel_id = @c order by kind", new NpgsqlParameter("c", channel.Id));
}
