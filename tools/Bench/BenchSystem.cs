using System.Diagnostics;
using LiveKitSimulator;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using StackExchange.Redis;
using Streaming.AppHost.Local;
using Streaming.Core.Creators;
using Streaming.Core.Data;
using Streaming.Core.Streams;

namespace Bench;

/// <summary>
/// PostgreSQL and Redis with the product's settings, a migrated database with some channels in it, and whatever server is asked for: all as
/// processes on loopback, with their data below the temporary folder, and gone when it is disposed.
/// </summary>
internal sealed class BenchSystem : IAsyncDisposable
{
    public const string ApiKey = "benchkey";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string _directory = Directory.CreateTempSubdirectory("streaming-bench-").FullName;
    private readonly FreePorts _ports = new($"bench {Environment.ProcessId}");
    private readonly Stack<ChildProcess> _running = [];
    private Dictionary<string, string> _settings = [];
    private ConnectionMultiplexer? _redis;

    public Secret ApiSecret { get; } = Secret.New();

    public string RedisConnectionString { get; private set; } = "";

    public string DatabaseConnectionString { get; private set; } = "";

    public IDatabase Redis => _redis!.GetDatabase();

    public IReadOnlyList<Guid> Channels { get; private set; } = [];

    /// <summary>Whose these channels are, in the same order.</summary>
    public IReadOnlyList<string> Creators { get; private set; } = [];

    /// <param name="channels">How many creators there are.</param>
    public static async Task<BenchSystem> StartAsync(CancellationToken stop, int channels = 64)
    {
        var system = new BenchSystem();
        try
        {
            await Progress.WhileAsync("starting PostgreSQL and Redis", system.StartStoresAsync(channels, stop));
            return system;
        }
        catch
        {
            await system.DisposeAsync();
            throw;
        }
    }

    public Task<Server> StartApiAsync(CancellationToken stop) => StartAsync("Streaming.Api", [], stop);

    public Task<Server> StartWorkerAsync(CancellationToken stop) => StartAsync("Streaming.WebhookWorker", [], stop);

    /// <summary>A LiveKit stand-in that everything started after it asks; it sends no webhooks.</summary>
    public async Task<LiveKitSimulatorHost> StartLiveKitAsync(CancellationToken stop)
    {
        var liveKit = await LiveKitSimulatorHost.StartAsync(new SimulatorOptions { ApiKey = ApiKey, ApiSecret = new ApiSecret(ApiSecret.Reveal()) }, stop);
        _settings["LiveKit__Url"] = liveKit.Address.ToString();
        return liveKit;
    }

    public Task<Server> StartBareAsync(CancellationToken stop) => StartAsync("Bench", [BareServer.Verb], stop);

    public Task<Server> StartBareConsumerAsync(CancellationToken stop) => StartAsync("Bench", [BareConsumer.Verb], stop);

    /// <summary>An empty stream and a small append-only file, so that every round begins alike and none is met by a rewrite of the file.</summary>
    public async Task ClearStreamAsync(string key, CancellationToken stop)
    {
        await Redis.KeyDeleteAsync(key);
        await Redis.ExecuteAsync("BGREWRITEAOF");
        while (((string)(await Redis.ExecuteAsync("INFO", "persistence"))!).Contains("aof_rewrite_in_progress:1", StringComparison.Ordinal)) await Task.Delay(20, stop);
    }

    public async ValueTask DisposeAsync()
    {
        if (_redis is not null) await _redis.DisposeAsync();
        while (_running.TryPop(out var process)) await process.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    private async Task StartStoresAsync(int channels, CancellationToken stop)
    {
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(_directory, (UnixFileMode)0b111_101_101); // PostgreSQL may run as a user of its own
        var postgres = await LocalPostgres.PrepareAsync(Path.Combine(_directory, "postgres"), _ports.Next(), Secret.New(), stop: stop);
        var redis = await LocalRedis.PrepareAsync(Path.Combine(_directory, "redis"), _ports.Next(), Secret.New(), stop);
        await (await LaunchAsync("postgres", postgres.Command)).ReadyAsync(postgres.IsReadyAsync, Patience, stop);
        await (await LaunchAsync("redis", redis.Command)).ReadyAsync(redis.IsReadyAsync, Patience, stop);

        (RedisConnectionString, DatabaseConnectionString) = (redis.ConnectionString, postgres.ConnectionString());
        _redis = await RedisClient.ConnectAsync(RedisConnectionString);
        await Redis.ExecuteAsync("CONFIG", "SET", "auto-aof-rewrite-percentage", "0"); // only between rounds
        _settings = new Dictionary<string, string>
        {
            ["ASPNETCORE_ENVIRONMENT"] = "Benchmark", // everything as in Production, except that the development issuer is refused there
            ["ConnectionStrings__streamingdb"] = postgres.ConnectionString(),
            ["ConnectionStrings__redis"] = redis.ConnectionString,
            ["LiveKit__Url"] = $"http://127.0.0.1:{_ports.Next()}", // nobody there, and nobody asked
            ["LiveKit__ApiKey"] = ApiKey,
            ["LiveKit__ApiSecret"] = ApiSecret.Reveal(),
            ["DevelopmentIssuer__Enabled"] = "true",
            ["DevelopmentIssuer__KeyFile"] = Path.Combine(_directory, "issuer"),
            ["RateLimits__PerUser__Requests"] = "10000", // a hundred times the product's: few users ask for many
            ["RateLimits__Anonymous__Requests"] = "1000000",
            ["LiveUpdates__MostPerAddress"] = "1000000",
        };

        var migration = await LaunchAsync("migration", Command("Streaming.WebhookWorker", ["--migrate", "--seed"]));
        if (await migration.Exited.WaitAsync(stop) != 0) throw new SetupException($"The database cannot be migrated.{migration.EndOfLog()}");
        await MakeChannelsAsync(postgres.ConnectionString(), channels, stop);
    }

    private async Task MakeChannelsAsync(string database, int count, CancellationToken stop)
    {
        await using var source = NpgsqlDataSource.Create(database);
        await using var db = new StreamingDb((DbContextOptions<StreamingDb>)StreamingDb.Configure(new DbContextOptionsBuilder<StreamingDb>(), source).Options);
        var now = TimeProvider.System.GetUtcNow();
        string[] creators = ["dev-creator", .. Enumerable.Range(1, count - 1).Select(number => $"creator-{number}")];
        var channels = creators.Select(creator => new Channel(creator, now)).ToList();
        foreach (var channel in channels) channel.LimitBroadcasts(null, maxDurationMinutes: 50_000_000, null, now); // what is told of them is old
        db.Users.AddRange(creators.Skip(1).Select(creator => new User(creator, now)));
        db.CreatorApplications.AddRange(creators.Skip(1).Select(creator => Approved(creator, now)));
        db.Channels.AddRange(channels);
        await db.SaveChangesAsync(stop);
        (Channels, Creators) = ([.. channels.Select(channel => channel.Id)], creators);
    }

    private static CreatorApplication Approved(string creator, DateTimeOffset now)
    {
        var application = new CreatorApplication(creator, now);
        application.Approve(now);
        return application;
    }

    private async Task<Server> StartAsync(string project, string[] arguments, CancellationToken stop)
    {
        var address = new Uri($"http://127.0.0.1:{_ports.Next()}");
        var command = Command(project, arguments);
        var process = await LaunchAsync(project, command with { Environment = new Dictionary<string, string>(command.Environment) { ["ASPNETCORE_URLS"] = address.ToString() } });
        var started = Stopwatch.GetTimestamp();
        while (!await HealthProbe.IsHealthyAsync(new Uri(address, "/health").ToString(), stop)) // more often than ReadyAsync does: starts are measured
        {
            if (process.Exited.IsCompleted || Stopwatch.GetElapsedTime(started) > Patience) throw new SetupException($"{project} does not start.{process.EndOfLog()}");
            await Task.Delay(5, stop);
        }

        return new Server(process, address);
    }

    private StartCommand Command(string project, string[] arguments) => StartCommand.Dotnet(Clone.Program(project), arguments) with { Environment = _settings };

    private async Task<ChildProcess> LaunchAsync(string name, StartCommand command)
    {
        var process = await ChildProcess.StartAsync(name, command, Path.Combine(_directory, "logs", name + ".log"));
        _running.Push(process);
        return process;
    }
}
