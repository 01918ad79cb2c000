using Streaming.AppHost.Local;

namespace Streaming.Tests.Fixtures;

/// <summary>A real Redis with the product's redis.conf. Most tests share one and have keys of their own; tests that kill it start their own.</summary>
public sealed class RedisServer : IAsyncDisposable
{
    private static readonly Lazy<Task<RedisServer>> One = new(() => StartAsync());

    private readonly LocalRedis _server;
    private readonly string _directory;
    private ChildProcess _process;

    private RedisServer(LocalRedis server, ChildProcess process, string directory, string data) =>
        (_server, _process, _directory, Data) = (server, process, directory, data);

    /// <summary>Started by the first test that asks, stopped with the test run.</summary>
    public static Task<RedisServer> Shared => One.Value;

    public int Port => _server.Port;

    public int ProcessId => _process.Id;

    public string ConnectionString => _server.ConnectionString;

    /// <summary>Where its files are, the append-only file among them.</summary>
    public string Data { get; }

    /// <summary>Everything it leaves behind: its log and its files.</summary>
    public IEnumerable<string> Files => new[] { _directory, Data }.Where(Directory.Exists)
        .SelectMany(folder => Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)).Distinct().Where(file => !file.EndsWith(".conf", StringComparison.Ordinal)); // which has the password, for its owner only

    /// <summary>Whether it has ended, by itself or killed.</summary>
    public bool HasEnded => _process.Exited.IsCompleted;

    /// <param name="data">Where its files are to be, if that matters.</param>
    public static async Task<RedisServer> StartAsync(string? data = null)
    {
        var directory = TestDirectory.New("redis");
        data ??= Path.Combine(directory, "data");
        var server = await LocalRedis.PrepareAsync(data, TestPorts.Next(), Secret.New());
        var redis = new RedisServer(server, await LaunchAsync(server, directory), directory, data);
        TestDirectory.AtEndOfRun(() => redis._process.Send(Signal.Kill));
        return redis;
    }

    /// <summary>kill -9</summary>
    public async Task KillAsync()
    {
        _process.Send(Signal.Kill);
        await _process.Exited;
    }

    /// <summary>Again on the same port and the same data.</summary>
    public async Task StartAgainAsync() => _process = await LaunchAsync(_server, _directory);

    public void Freeze() => _process.Send(Signal.Stop);

    public void Thaw() => _process.Send(Signal.Continue);

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        TestDirectory.Delete(_directory);
    }

    private static async Task<ChildProcess> LaunchAsync(LocalRedis server, string directory)
    {
        var process = await ChildProcess.StartAsync("redis", server.Command, Path.Combine(directory, "log"));
        await process.ReadyAsync(server.IsReadyAsync, TimeSpan.FromSeconds(30));
        return process;
    }
}
