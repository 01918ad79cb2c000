using System.Globalization;
using Npgsql;
using StackExchange.Redis;
using Streaming.AppHost.Local;
using Streaming.Core.Events;
using Streaming.Core.Streams;
using Streaming.Tests.Faults.Mutants;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Faults;

/// <summary>
/// APIs and workers of a build, as many as a scenario wants, on a Redis and a database of their own. Their LiveKit is out of reach, so that
/// nothing but webhooks tells them anything.
/// </summary>
public sealed class FaultSystem : IAsyncDisposable
{
    private static readonly Dictionary<string, string> Usual = new()
    {
        ["ASPNETCORE_ENVIRONMENT"] = "Development",
        ["LiveKit__Url"] = "http://127.0.0.1:1",
        ["LiveKit__ApiKey"] = Captured.ApiKey,
        ["LiveKit__ApiSecret"] = Captured.ApiSecret,
        ["DevelopmentIssuer__Enabled"] = "true",
        // A dead worker's entries wait for seconds instead of half a minute.
        ["Consuming__Lease"] = "00:00:01",
        ["Consuming__ClaimEvery"] = "00:00:00.300",
    };

    public static readonly (string Name, string Value) Talkative = ("Logging__LogLevel__Streaming", "Debug");

    private readonly List<ProcessUnderTest> _processes = [];
    private readonly Dictionary<string, string> _settings;

    private readonly OtlpCapture _telemetry;

    private FaultSystem(FaultRun run, TestDatabase database, RedisServer redis, OtlpCapture telemetry, ConnectionMultiplexer connection, IReadOnlyDictionary<string, string>? settings)
    {
        (Run, Database, Redis, _telemetry, Connection) = (run, database, redis, telemetry, connection);
        Queue = new EventQueue(connection, TimeProvider.System);
        _settings = new Dictionary<string, string>([.. Usual, .. telemetry.Settings])
        {
            ["OTEL_TRACES_SAMPLER"] = "parentbased_traceidratio", // of a flood of events one in a hundred is enough to look at
            ["OTEL_TRACES_SAMPLER_ARG"] = "0.01",
            ["ConnectionStrings__streamingdb"] = database.ConnectionString,
            ["ConnectionStrings__redis"] = redis.ConnectionString,
            ["DevelopmentIssuer__KeyFile"] = Path.Combine(TestDirectory.New("issuer"), "key"),
        };
        if (run.Programs.Mutant is { } mutant) _settings[Mutant.Variable] = mutant;
        foreach (var (name, value) in settings ?? new Dictionary<string, string>()) _settings[name] = value;
    }

    public FaultRun Run { get; }

    public TestDatabase Database { get; }

    public RedisServer Redis { get; }

    public ConnectionMultiplexer Connection { get; }

    public EventQueue Queue { get; }

    /// <summary>What API and worker have written, the dead ones included.</summary>
    public IEnumerable<string> Logs => _processes.Select(p => p.Log);

    /// <param name="postgres">A server that the scenario may break; else the shared one.</param>
    /// <param name="redis">A particular one; else one of the system's own.</param>
    /// <param name="settings">Beside or instead of the usual ones, as environment variables of API and worker.</param>
    public static async Task<FaultSystem> StartAsync(FaultRun run, PostgresServer? postgres = null, IReadOnlyDictionary<string, string>? settings = null, RedisServer? redis = null)
    {
        var database = await TestDatabase.NewAsync(postgres);
        redis ??= await RedisServer.StartAsync();
        var connection = await ConnectionMultiplexer.ConnectAsync(redis.ConnectionString + ",abortConnect=false");
        if (run.Programs.Mutant == Mutant.EverySecond.Name) await connection.GetDatabase().ExecuteAsync("CONFIG", "SET", "appendfsync", "everysec");
        return new FaultSystem(run, database, redis, await OtlpCapture.StartAsync(), connection, settings);
    }

    /// <summary>Started, but not waited for.</summary>
    public Task<ProcessUnderTest> LaunchWorker(params IReadOnlyList<(string Name, string Value)> settings) =>
        Launch("worker", Run.Programs.Worker, new Uri($"http://127.0.0.1:{TestPorts.Next()}"), settings);

    public async Task<ProcessUnderTest> StartWorker(params IReadOnlyList<(string Name, string Value)> settings)
    {
        var worker = await LaunchWorker(settings);
        await Reads(worker);
        return worker;
    }

    /// <summary>Until it has turned to the queue.</summary>
    public static Task Reads(ProcessUnderTest worker) => Eventually.True(() => IsReading(worker), within: TimeSpan.FromSeconds(60), evidence: () => worker.Log);

    public static bool IsReading(ProcessUnderTest worker) => worker.Log.Contains("Reading the event queue", StringComparison.Ordinal);

    /// <summary>Whether it has applied something. It says so at the level that <see cref="Talkative"/> sets.</summary>
    public static bool IsWorking(ProcessUnderTest worker) => worker.Log.Contains("Applied ", StringComparison.Ordinal);

    public Task<ProcessUnderTest> LaunchApi(Uri address, params IReadOnlyList<(string Name, string Value)> settings) => Launch("api", Run.Programs.Api, address, settings);

    public async Task<ProcessUnderTest> StartApi(Uri address, params IReadOnlyList<(string Name, string Value)> settings)
    {
        var api = await LaunchApi(address, settings);
        await Answers(address);
        return api;
    }

    /// <summary>Whether it says that its stores keep what they have acknowledged.</summary>
    public static Task<bool> TrustsItsStores(Uri address) => HealthProbe.IsHealthyAsync(new Uri(address, "/health").ToString(), CancellationToken.None);

    /// <summary>Until it takes requests.</summary>
    public static Task Answers(Uri address) => Eventually.True(() => HealthProbe.IsHealthyAsync(new Uri(address, "/alive").ToString(), CancellationToken.None), within: TimeSpan.FromSeconds(60));

    public static Uri NewAddress() => new($"http://127.0.0.1:{TestPorts.Next()}");

    /// <summary>The setting that leads a process to Redis over a wire of the test's.</summary>
    public (string Name, string Value) RedisOver(TcpProxy wire) =>
        ("ConnectionStrings__redis", Redis.ConnectionString.Replace($":{Redis.Port}", $":{wire.Port}", StringComparison.Ordinal));

    public (string Name, string Value) PostgresOver(TcpProxy wire) =>
        ("ConnectionStrings__streamingdb", new NpgsqlConnectionStringBuilder(Database.ConnectionString) { Port = wire.Port }.ConnectionString);

    /// <summary>What is told of them is days old: no broadcast may be too long.</summary>
    public async Task<IReadOnlyList<Channel>> NewChannels(int count)
    {
        var channels = new List<Channel>();
        for (var i = 0; i < count; i++) channels.Add(await Database.NewChannel());
        await Execute("update channels set max_duration_minutes = 50000000");
        return channels;
    }

    /// <summary>Every transaction that takes events takes this much longer, with the rows written and not yet committed: so a kill finds work in hand.</summary>
    public Task SlowDown(TimeSpan time) => Execute(string.Create(CultureInfo.InvariantCulture, $$"""
        create function slow_down() returns trigger language plpgsql as $f$ begin perform pg_sleep({{time.TotalSeconds}}); return null; end $f$;
        create trigger slow_down after insert on processed_events for each statement execute function slow_down();
        """));

    public async Task Execute(string sql)
    {
        await using var command = Database.Source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    public async Task<long> Count(string rows) => long.Parse((await Database.Rows($"select count(*) from {rows}"))[0], CultureInfo.InvariantCulture);

    public Task<long> Waiting() => Connection.GetDatabase().StreamLengthAsync(EventQueue.StreamKey);

    public async Task<long> Pending()
    {
        try
        {
            return (await Connection.GetDatabase().StreamPendingAsync(EventQueue.StreamKey, EventQueue.Group)).PendingMessageCount;
        }
        catch (RedisServerException e) when (EventQueue.IsGroupMissing(e))
        {
            return 0;
        }
    }

    /// <summary>What a worker has been handed and has not finished. Its process id is in the name of its consumer.</summary>
    public async Task<int> InHandOf(ProcessUnderTest worker)
    {
        var consumers = await Connection.GetDatabase().StreamConsumerInfoAsync(EventQueue.StreamKey, EventQueue.Group);
        return consumers.Where(c => c.Name.Contains($":{worker.Id}:", StringComparison.Ordinal)).Sum(c => c.PendingMessageCount);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes) await process.DisposeAsync();
        foreach (var process in _processes) process.AssertNoFault();
        await Leaks.Sweep(Logs, _telemetry, Redis, Database, Captured.ApiSecret);
        await _telemetry.DisposeAsync();
        await Connection.DisposeAsync();
        await Redis.DisposeAsync();
        await Database.DisposeAsync();
    }

    private async Task<ProcessUnderTest> Launch(string name, string program, Uri address, IReadOnlyList<(string Name, string Value)> settings)
    {
        var environment = new Dictionary<string, string>(_settings) { ["ASPNETCORE_URLS"] = address.ToString() };
        foreach (var (setting, value) in settings) environment[setting] = value;
        var process = await ProcessUnderTest.StartAsync(name, StartCommand.Dotnet(program) with { Environment = environment });
        lock (_processes) _processes.Add(process);
        return process;
    }
}
