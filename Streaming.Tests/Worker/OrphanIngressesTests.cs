using Livekit.Server.Sdk.Dotnet;
using LiveKitSimulator;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Streaming.Core;
using Streaming.Core.LiveKit;
using Streaming.Core.Streams;
using Streaming.Tests.Fixtures;
using Streaming.WebhookWorker.Reconciling;

namespace Streaming.Tests.Worker;

/// <summary>The worker's look for stream keys that LiveKit has and nobody knows of, with a real LiveKit API and a clock that tests move.</summary>
public sealed class OrphanIngressesTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new(TimeProvider.System.GetUtcNow());
    private TestDatabase _database = null!;
    private LiveKitSimulatorHost _liveKit = null!;
    private ServiceProvider _services = null!;
    private OrphanIngresses _worker = null!;

    public async Task InitializeAsync()
    {
        _database = await TestDatabase.NewAsync();
        _liveKit = await LiveKitSimulatorHost.StartAsync(new SimulatorOptions());
        _services = new ServiceCollection()
            .AddLogging()
            .AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
            {
                ["LiveKit:Url"] = _liveKit.Address.ToString(),
                ["LiveKit:ApiKey"] = _liveKit.Options.ApiKey,
                ["LiveKit:ApiSecret"] = _liveKit.Options.ApiSecret.Reveal(),
            }).Build())
            .AddStreamingCore(_ => _database.ConnectionString)
            .AddLiveKit()
            .BuildServiceProvider();
        _worker = new(_services.GetRequiredService<IServiceScopeFactory>(), _services.GetRequiredService<LiveKitApi>(), _time, NullLogger<OrphanIngresses>.Instance);
    }

    public async Task DisposeAsync()
    {
        await _services.DisposeAsync();
        await _liveKit.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Fact]
    public async Task A_key_that_is_unknown_twice_is_deleted_and_all_others_stay()
    {
        var channel = await _database.NewChannel();
        var orphan = await Make(channel.Id.ToString());
        var known = await Known(await _database.NewChannel());
        var byHand = await Make(channel.Id.ToString(), identity: "an operator's own encoder");
        var foreign = await Make("a room of another product");
        var foreignId = await Make(Guid.CreateVersion7().ToString()); // of another deployment, perhaps

        await _worker.Sweep(CancellationToken.None);
        Assert.Equal([orphan, known, byHand, foreign, foreignId], await Ingresses());
        await _worker.Sweep(CancellationToken.None);
        Assert.Equal([known, byHand, foreign, foreignId], await Ingresses());
    }

    [Fact]
    public async Task A_key_that_is_being_recorded_is_no_orphan()
    {
        var channel = await _database.NewChannel();
        var creating = await Make(channel.Id.ToString());
        await _worker.Sweep(CancellationToken.None);
        await Record(creating, channel);
        await _worker.Sweep(CancellationToken.None);
        await _worker.Sweep(CancellationToken.None);
        Assert.Equal([creating], await Ingresses());
    }

    [Fact]
    public async Task A_key_whose_record_is_deleted_and_which_LiveKit_still_has_is_an_orphan()
    {
        var channel = await _database.NewChannel();
        var left = await Known(channel);
        await using (var db = _database.Open())
        {
            db.Ingresses.Single(i => i.Id == left).Delete(_time.GetUtcNow());
            await db.SaveChangesAsync();
        }

        await _worker.Sweep(CancellationToken.None);
        await _worker.Sweep(CancellationToken.None);
        Assert.Empty(await Ingresses());
    }

    [Fact]
    public async Task The_look_is_repeated_each_minute_and_a_LiveKit_that_is_away_only_postpones_it()
    {
        await Make((await _database.NewChannel()).Id.ToString());
        await _liveKit.Client.ApiFault(new ApiFault { Mode = ApiFaultMode.Error, Code = "internal", Times = 1, Method = "ListIngress" });
        using var stop = new CancellationTokenSource();
        var running = _worker.Run(stop.Token);

        await Eventually.True(async () =>
        {
            _time.Advance(TimeSpan.FromMinutes(1));
            return (await _liveKit.Client.Calls()).Any(c => c.Method == "DeleteIngress");
        });

        Assert.Empty(await Ingresses());
        Assert.Equal(["fault: Error", "ok", "ok"], (await _liveKit.Client.Calls()).Where(c => c.Method == "ListIngress").Take(3).Select(c => c.Result));
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    private async Task<string> Known(Channel channel)
    {
        var id = await Make(channel.Id.ToString());
        await Record(id, channel);
        return id;
    }

    private async Task Record(string id, Channel channel)
    {
        await using var db = _database.Open();
        db.Ingresses.Add(new Ingress(new CreatedIngress(id, "", new StreamKey("key")), channel.Id, new NewKey(IngressType.RTMP, id, IsPrimary: false, KeyQuality.Auto), _time.GetUtcNow()));
        await db.SaveChangesAsync();
    }

    private async Task<string> Make(string room, string? identity = null) =>
        (await Ask(liveKit => liveKit.CreateIngress(new CreateIngressRequest { RoomName = room, ParticipantIdentity = identity ?? $"ingress:{room}" }))).IngressId;

    private async Task<IEnumerable<string>> Ingresses() => (await Ask(liveKit => liveKit.ListIngress(new ListIngressRequest()))).Items.Select(i => i.IngressId);

    private async Task<T> Ask<T>(Func<IngressServiceClient, Task<T>> what)
    {
        using var http = new HttpClient(new SocketsHttpHandler());
        return await what(new IngressServiceClient(_liveKit.Address.ToString(), _liveKit.Options.ApiKey, _liveKit.Options.ApiSecret.Reveal(), http));
    }
}
