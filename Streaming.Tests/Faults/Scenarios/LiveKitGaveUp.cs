using System.Diagnostics;
using Livekit.Server.Sdk.Dotnet;
using LiveKitSimulator;
using StackExchange.Redis;
using Streaming.Core.LiveKit;
using Streaming.Core.Sessions;
using Streaming.Core.Streams;
using Streaming.Core.Viewers;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Faults.Scenarios;

/// <summary>Webhooks that will never come, because we were away for longer than LiveKit tries, or because Redis lost them: LiveKit is asked what is true.</summary>
public static class LiveKitGaveUp
{
    private static readonly TimeSpan Promise = TimeSpan.FromSeconds(30);

    /// <summary>The API is away until LiveKit has given up everything that happened.</summary>
    public static async Task<Verdict> PlayOutage(FaultRun run)
    {
        await using var stage = await Stage.StartAsync(run);
        await stage.System.StartWorker();
        var api = await stage.System.StartApi(stage.Api);
        var slowest = TimeSpan.Zero;
        for (var outage = 0; outage < run.Times(1, 10); outage++)
        {
            var (goes, comes, stays) = (await stage.NewChannel(), await stage.NewChannel(), await stage.NewChannel());
            foreach (var channel in new[] { goes, stays }) await stage.Begins(channel, viewers: 3);
            await stage.Told();
            await Eventually.Equal("", stage.Differences, within: TimeSpan.FromSeconds(40)); // a LiveKit so impatient may have given up before, on a slow machine

            await api.KillAsync();
            await stage.Ends(goes);
            await stage.Begins(comes, viewers: 2);
            await stage.LosesAViewer(stays);
            await stage.Told();
            api = await stage.System.StartApi(stage.Api);
            var took = await stage.UntilItIsAsLiveKitSays();
            if (took > slowest) slowest = took;
        }

        return await stage.Judge($"{run.Times(1, 10)} outages longer than LiveKit's patience", slowest);
    }

    /// <summary>Accepted events go with the data of Redis, which is nobody's promise; the state comes back nevertheless.</summary>
    public static async Task<Verdict> PlayEmptied(FaultRun run)
    {
        await using var stage = await Stage.StartAsync(run);
        await stage.System.StartApi(stage.Api);
        var slowest = TimeSpan.Zero;
        for (var time = 0; time < run.Times(1, 5); time++)
        {
            await stage.Begins(await stage.NewChannel(), viewers: 2);
            await stage.Told();
            await stage.System.Connection.GetDatabase().ExecuteAsync("FLUSHALL");
            var worker = await stage.System.StartWorker();
            var took = await stage.UntilItIsAsLiveKitSays();
            if (took > slowest) slowest = took;
            await worker.TerminateAsync();
        }

        return await stage.Judge($"Redis emptied {run.Times(1, 5)}× with accepted events in it", slowest);
    }

    /// <summary>A LiveKit that tries five times within a second and a half, and what goes on there.</summary>
    private sealed class Stage(FaultSystem system, LiveKitSimulatorHost liveKit, Uri api) : IAsyncDisposable
    {
        private readonly Dictionary<Channel, (string Key, bool IsLive, int Viewers)> _channels = [];
        private readonly ChannelStates _states = new(system.Database.Source);

        public FaultSystem System => system;

        public Uri Api => api;

        public static async Task<Stage> StartAsync(FaultRun run)
        {
            var api = FaultSystem.NewAddress();
            var liveKit = await LiveKitSimulatorHost.StartAsync(new SimulatorOptions
            {
                Webhooks = [new Uri(api, WebhookSigner.Endpoint)],
                RetryUnit = TimeSpan.FromMilliseconds(100),
                StreamKeyPrefix = "sk_CANARY_",
                Seed = run.Seed,
            });
            var system = await FaultSystem.StartAsync(run, settings: new Dictionary<string, string> { ["LiveKit__Url"] = liveKit.Address.ToString() });
            return new Stage(system, liveKit, api);
        }

        public async Task<Channel> NewChannel()
        {
            var channel = await system.Database.NewChannel();
            using var http = new HttpClient(new SocketsHttpHandler());
            var ingress = await new IngressServiceClient(liveKit.Address.ToString(), Captured.ApiKey, Captured.ApiSecret, http).CreateIngress(
                new CreateIngressRequest { InputType = IngressInput.RtmpInput, RoomName = $"{channel.Id}", ParticipantIdentity = Identity.Ingress(channel.Id), Name = $"{channel.Id}" });
            await using var db = system.Database.Open();
            var created = new CreatedIngress(ingress.IngressId, ingress.Url, new StreamKey(ingress.StreamKey));
            db.Ingresses.Add(new Ingress(created, channel.Id, new NewKey(IngressType.RTMP, "OBS", IsPrimary: true, KeyQuality.Auto), TimeProvider.System.GetUtcNow())); // one that nobody knows of is removed within minutes
            await db.SaveChangesAsync();
            _channels[channel] = (ingress.StreamKey, false, 0);
            return channel;
        }

        public async Task Begins(Channel channel, int viewers)
        {
            await liveKit.Client.GoLive(_channels[channel].Key);
            for (var i = 0; i < viewers; i++) await liveKit.Client.ViewerJoins($"{channel.Id}", $"viewer:{i}:1");
            _channels[channel] = _channels[channel] with { IsLive = true, Viewers = viewers };
        }

        public async Task Ends(Channel channel)
        {
            await liveKit.Client.Stop(_channels[channel].Key);
            _channels[channel] = _channels[channel] with { IsLive = false };
        }

        public async Task LosesAViewer(Channel channel)
        {
            await liveKit.Client.ViewerLeaves($"{channel.Id}", "viewer:0:1");
            _channels[channel] = _channels[channel] with { Viewers = _channels[channel].Viewers - 1 };
        }

        /// <summary>Every webhook is delivered or given up.</summary>
        public async Task Told() => Assert.True((await liveKit.Client.Idle(TimeSpan.FromSeconds(30))).IsIdle);

        public async Task<TimeSpan> UntilItIsAsLiveKitSays()
        {
            var started = Stopwatch.GetTimestamp();
            while (await Differences() != "" && Stopwatch.GetElapsedTime(started) < 2 * Promise) await Task.Delay(50);
            return Stopwatch.GetElapsedTime(started);
        }

        public async Task<Verdict> Judge(string faults, TimeSpan slowest)
        {
            var differences = (await Differences()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
            var corrections = await system.Count("corrections");
            var deliveries = await liveKit.Client.Deliveries();
            return new Verdict($"{faults}; right again after {slowest.TotalSeconds:0.0} s by {corrections} corrections", deliveries.Count, differences, 0, 0, differences.Length, slowest).And(
                slowest > Promise ? $"It took {slowest.TotalSeconds:0.0} s until the state was LiveKit's." : null,
                corrections == 0 ? "Nothing was corrected, so nothing had been missing." : null);
        }

        public async ValueTask DisposeAsync()
        {
            await system.DisposeAsync();
            await liveKit.DisposeAsync();
        }

        public async Task<string> Differences()
        {
            var differences = new List<string>();
            foreach (var (channel, (_, isLive, viewers)) in _channels)
            {
                var state = (await _states.OfOwner(channel.UserId, CancellationToken.None))!.State;
                var counted = (await new ViewerCounts(system.Database.Source, system.Connection, TimeProvider.System).Count([channel.Id], CancellationToken.None))[0].Viewers;
                if (state == LiveState.Live != isLive || counted != viewers)
                    differences.Add($"{channel.Id} is {state} with {counted} viewers, and LiveKit {(isLive ? "has a publisher" : "has none")} and {viewers} viewers.");
            }

            return string.Join('\n', differences);
        }
    }
}
