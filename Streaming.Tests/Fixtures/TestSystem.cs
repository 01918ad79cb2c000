using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Livekit.Server.Sdk.Dotnet;
using LiveKitSimulator;
using Streaming.AppHost.Local;
using Streaming.Core.Creators;

namespace Streaming.Tests.Fixtures;

/// <summary>
/// API and worker as processes, with a database, a Redis and a LiveKit simulator of their own: what a deployment is, small. Most tests
/// share one and have a creator each; tests that break things start their own.
/// </summary>
public sealed class TestSystem : IAsyncDisposable
{
    /// <summary>What every stream key of a test begins with: it may turn up in one answer and nowhere else.</summary>
    public const string KeyPrefix = "sk_CANARY_";

    /// <summary>What the TURN password of every room begins with: it comes with webhooks and goes nowhere.</summary>
    public const string TurnPrefix = "turn_CANARY_";

    private static readonly string[] Limits = ["PerUser", "Anonymous", "IngressChanges", "IngressChangesPerDay", "Tokens", "GuestTokens", "Searches", "ChatMessages", "FailedSignatures", "UnknownTokens"];

    private static readonly Lazy<Task<TestSystem>> One = new(() => StartAsync());

    private readonly ConcurrentQueue<ProcessUnderTest> _processes = [];
    private readonly Dictionary<string, string> _settings;
    private readonly AuthServer? _auth;
    private readonly Func<StartCommand, StartCommand> _confine;

    private TestSystem(
        TestDatabase database, RedisServer redis, OtlpCapture telemetry, LiveKitSimulatorHost liveKit, AuthServer? auth, Dictionary<string, string> settings, Uri address, Func<StartCommand, StartCommand> confine)
    {
        (Database, Redis, Telemetry, LiveKitHost, _auth, _settings, _confine) = (database, redis, telemetry, liveKit, auth, settings, confine);
        Anonymous = Client(address);
    }

    /// <summary>Started by the first test that asks, stopped with the test run. Its reconnect window and limits are the product's, but for generous rate limits.</summary>
    public static Task<TestSystem> Shared => One.Value;

    public TestDatabase Database { get; }

    public RedisServer Redis { get; }

    /// <summary>What its processes tell of themselves.</summary>
    public OtlpCapture Telemetry { get; }

    public LiveKitSimulatorHost LiveKitHost { get; }

    public SimulatorClient LiveKit => LiveKitHost.Client;

    public ProcessUnderTest Api { get; private set; } = null!;

    public ProcessUnderTest Worker { get; private set; } = null!;

    /// <summary>Asks the API without a session token.</summary>
    public HttpClient Anonymous { get; }

    /// <param name="settings">Beside or instead of the usual ones, as environment variables of API and worker.</param>
    /// <param name="simulator">Changes the simulator's options.</param>
    /// <param name="auth">Whose session tokens are accepted, in Production; without one the development issuer's are, in Development.</param>
    /// <param name="generousLimits">Whether the rate limits are out of the tests' way; else they are the product's.</param>
    /// <param name="postgres">A server that the test may break; else the shared one.</param>
    /// <param name="confine">Puts API and worker where they may do less.</param>
    public static async Task<TestSystem> StartAsync(
        IReadOnlyDictionary<string, string>? settings = null, Func<SimulatorOptions, SimulatorOptions>? simulator = null, bool withWorker = true,
        AuthServer? auth = null, bool generousLimits = true, PostgresServer? postgres = null, Func<StartCommand, StartCommand>? confine = null)
    {
        var database = await TestDatabase.NewAsync(postgres);
        var redis = await RedisServer.StartAsync();
        var telemetry = await OtlpCapture.StartAsync();
        var address = new Uri($"http://127.0.0.1:{TestPorts.Next()}");
        var options = new SimulatorOptions
        {
            StreamKeyPrefix = KeyPrefix,
            TurnPasswordPrefix = TurnPrefix,
            DepartureTimeout = TimeSpan.FromSeconds(2),
            Webhooks = [new Uri(address, "/api/webhook/livekit")],
        };
        var liveKit = await LiveKitSimulatorHost.StartAsync(simulator?.Invoke(options) ?? options);
        var environment = new Dictionary<string, string>(telemetry.Settings)
        {
            ["ASPNETCORE_ENVIRONMENT"] = auth is null ? "Development" : "Production",
            ["ConnectionStrings__streamingdb"] = database.ConnectionString,
            ["ConnectionStrings__redis"] = redis.ConnectionString,
            ["LiveKit__Url"] = liveKit.Address.ToString(),
            ["LiveKit__ApiKey"] = liveKit.Options.ApiKey,
            ["LiveKit__ApiSecret"] = liveKit.Options.ApiSecret.Reveal(),
        };
        foreach (var (name, value) in auth?.Settings ?? DevelopmentIssuer()) environment[name.Replace(":", "__", StringComparison.Ordinal)] = value!;
        if (generousLimits)
            foreach (var limit in Limits) environment[$"RateLimits__{limit}__Requests"] = "100000";
        foreach (var (name, value) in settings ?? new Dictionary<string, string>()) environment[name] = value;

        var system = new TestSystem(database, redis, telemetry, liveKit, auth, environment, address, confine ?? (command => command));
        await Task.WhenAll(system.StartApiAsync(), withWorker ? system.StartWorkerAsync() : Task.CompletedTask);
        TestDirectory.AtEndOfRun(system.Kill);
        return system;
    }

    /// <summary>With a wire between LiveKit and API and worker, which are less patient with it than usual.</summary>
    public static async Task<(TestSystem System, TcpProxy LiveKitWire)> StartOverWireAsync(IReadOnlyDictionary<string, string>? settings = null, bool withWorker = true, AuthServer? auth = null)
    {
        var port = TestPorts.Next();
        var wire = new TcpProxy(port);
        var all = new Dictionary<string, string>(settings ?? new Dictionary<string, string>()) { ["LiveKit__Url"] = $"ws://127.0.0.1:{wire.Port}" };
        all.TryAdd("LiveKit__CallTimeout", "00:00:02");
        return (await StartAsync(all, simulator => simulator with { Urls = $"http://127.0.0.1:{port}" }, withWorker, auth), wire);
    }

    public async Task StartApiAsync() => Api = await StartAsync("Streaming.Api", Anonymous.BaseAddress!);

    public async Task StartWorkerAsync() => Worker = await StartAsync("Streaming.WebhookWorker", new Uri($"http://127.0.0.1:{TestPorts.Next()}"));

    /// <summary>Another process of the same system, replicas included.</summary>
    public Task<ProcessUnderTest> StartAsync(string project, Uri address) => Keep(ProcessUnderTest.StartAsync(
        project.Split('.')[^1].ToLowerInvariant(),
        _confine(StartCommand.Dotnet(Clone.Program(project))) with { Environment = new Dictionary<string, string>(_settings) { ["ASPNETCORE_URLS"] = address.ToString() } },
        new Uri(address, "/health").ToString()));

    /// <summary>A program of the system with arguments, to be waited for.</summary>
    public Task<ProcessUnderTest> RunAsync(string project, string[] arguments, IReadOnlyDictionary<string, string> settings)
    {
        var environment = new Dictionary<string, string>(_settings);
        foreach (var (name, value) in settings) environment[name] = value;
        return Keep(ProcessUnderTest.StartAsync("command", StartCommand.Dotnet(Clone.Program(project), arguments) with { Environment = environment }));
    }

    /// <summary>Asks the API as this user, whom it may not have seen yet.</summary>
    /// <param name="username">What his token calls him; null for a token without a username.</param>
    public async Task<HttpClient> As(string userId, string? username = null)
    {
        var token = await Token(userId, username);
        var client = Client(Anonymous.BaseAddress!);
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return client;
    }

    public async Task<string> Token(string userId, string? username = null)
    {
        if (_auth is not null) return _auth.Token(userId, claims => claims["username"] = username);
        using var answer = await Anonymous.PostAsJsonAsync("/dev/tokens", new { userId, username });
        return (await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>()).GetProperty("token").GetString()!;
    }

    /// <summary>An approved creator, each time another, without a channel.</summary>
    public async Task<TestCreator> NewCreator()
    {
        var userId = $"creator-{Guid.CreateVersion7():N}";
        await using var db = Database.Open();
        var now = TimeProvider.System.GetUtcNow();
        var application = new CreatorApplication(userId, now);
        application.Approve(now);
        db.Users.Add(new User(userId, now));
        db.CreatorApplications.Add(application);
        await db.SaveChangesAsync();
        return new TestCreator(userId, await As(userId));
    }

    /// <summary>An approved creator with a stream key.</summary>
    public async Task<TestCreator> NewChannel(string ingressType = "RTMP")
    {
        var creator = await NewCreator();
        await creator.CreateIngress(ingressType);
        return creator;
    }

    /// <summary>Somebody who may call <c>/api/admin/…</c>, each time another.</summary>
    public async Task<HttpClient> NewAdministrator()
    {
        var userId = $"admin-{Guid.CreateVersion7():N}";
        await using var db = Database.Open();
        var now = TimeProvider.System.GetUtcNow();
        db.Users.Add(new User(userId, now));
        db.Administrators.Add(new Administrator(userId, now));
        await db.SaveChangesAsync();
        return await As(userId);
    }

    /// <summary>A channel with media arriving, and its room.</summary>
    public async Task<(TestCreator Creator, string Room)> NewLiveChannel()
    {
        var creator = await NewChannel();
        await LiveKit.GoLive(creator.StreamKey);
        await Eventually.True(creator.IsLive);
        return (creator, await creator.Room());
    }

    /// <summary>A user who is no creator, each time another.</summary>
    public async Task<TestCreator> NewViewer()
    {
        var userId = $"viewer-{Guid.CreateVersion7():N}";
        await using var db = Database.Open();
        db.Users.Add(new User(userId, TimeProvider.System.GetUtcNow()));
        await db.SaveChangesAsync();
        return new TestCreator(userId, await As(userId));
    }

    /// <summary>Who is in a room, by LiveKit.</summary>
    public async Task<IReadOnlyList<ParticipantInfo>> ParticipantsIn(string room) =>
        [.. (await AskRooms(rooms => rooms.ListParticipants(new ListParticipantsRequest { Room = room }))).Participants];

    /// <summary>A room, by LiveKit; null when it does not stand.</summary>
    public async Task<Room?> RoomNamed(string room) => (await AskRooms(rooms => rooms.ListRooms(new ListRoomsRequest { Names = { room } }))).Rooms.SingleOrDefault();

    /// <summary>Asks LiveKit itself, by no wire.</summary>
    public async Task<T> AskRooms<T>(Func<RoomServiceClient, Task<T>> what)
    {
        using var http = new HttpClient(new SocketsHttpHandler());
        return await what(new RoomServiceClient(LiveKitHost.Address.ToString(), LiveKitHost.Options.ApiKey, LiveKitHost.Options.ApiSecret.Reveal(), http));
    }

    /// <summary>The ingresses that LiveKit has for a room.</summary>
    public async Task<IReadOnlyList<IngressInfo>> IngressesIn(string room)
    {
        using var http = new HttpClient(new SocketsHttpHandler());
        var liveKit = new IngressServiceClient(LiveKitHost.Address.ToString(), LiveKitHost.Options.ApiKey, LiveKitHost.Options.ApiSecret.Reveal(), http);
        return [.. (await liveKit.ListIngress(new ListIngressRequest { RoomName = room })).Items];
    }

    public async ValueTask DisposeAsync()
    {
        Anonymous.Dispose();
        await Api.DisposeAsync();
        if (Worker is not null) await Worker.DisposeAsync();
        try
        {
            await SearchAsync();
        }
        finally
        {
            await LiveKitHost.DisposeAsync();
            await Telemetry.DisposeAsync();
            await Redis.DisposeAsync();
            await Database.DisposeAsync();
        }
    }

    /// <summary>Fails if a secret or a title is where none may be, or a fault of ours was met, in what all of its processes have left so far.</summary>
    public async Task SearchAsync()
    {
        foreach (var process in _processes) process.AssertNoFault();
        await Leaks.Sweep(_processes.Select(p => p.Log), Telemetry, Redis, Database, LiveKitHost.Options.ApiSecret.Reveal());
    }

    private async Task<ProcessUnderTest> Keep(Task<ProcessUnderTest> starting)
    {
        var process = await starting;
        _processes.Enqueue(process);
        return process;
    }

    private void Kill()
    {
        Api.Send(Signal.Kill);
        Worker?.Send(Signal.Kill);
    }

    private static Dictionary<string, string?> DevelopmentIssuer() => new()
    {
        ["DevelopmentIssuer:Enabled"] = "true",
        ["DevelopmentIssuer:KeyFile"] = Path.Combine(TestDirectory.New("issuer"), "key"),
    };

    private static HttpClient Client(Uri address) => new(new Leaks.OfAnswers(new SocketsHttpHandler { AllowAutoRedirect = false, Expect100ContinueTimeout = Timeout.InfiniteTimeSpan })) { BaseAddress = address, Timeout = TimeSpan.FromSeconds(30) };
}
