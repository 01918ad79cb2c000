using System.Collections.Concurrent;
using Npgsql;
using Streaming.AppHost.Local;

namespace Streaming.Tests.Fixtures;

/// <summary>A real PostgreSQL. Most tests share one and have a database each; tests that kill it start their own.</summary>
public sealed class PostgresServer : IAsyncDisposable
{
    private static readonly Lazy<Task<PostgresServer>> One = new(StartAsync);

    private readonly LocalPostgres _server;
    private readonly string _directory;
    private readonly ConcurrentDictionary<string, Lazy<Task>> _templates = [];
    private ChildProcess _process;
    private int _databases;

    private PostgresServer(LocalPostgres server, ChildProcess process, string directory) =>
        (_server, _process, _directory) = (server, process, directory);

    /// <summary>Started by the first test that asks, stopped with the test run.</summary>
    public static Task<PostgresServer> Shared => One.Value;

    public int Port => _server.Port;

    public int ProcessId => _process.Id;

    public static async Task<PostgresServer> StartAsync()
    {
        var directory = TestDirectory.New("postgres");
        var server = await LocalPostgres.PrepareAsync(Path.Combine(directory, "data"), TestPorts.Next(), Secret.New(), fast: true);
        var postgres = new PostgresServer(server, await LaunchAsync(server, directory), directory);
        TestDirectory.AtEndOfRun(() => postgres._process.Send(Signal.Kill));
        return postgres;
    }

    public string ConnectionString(string database = "postgres") => _server.ConnectionString(database);

    /// <summary>A new database, empty or as <paramref name="template"/> is, in some 50 ms. Returns its connection string.</summary>
    public async Task<string> NewDatabaseAsync(string template = "template1")
    {
        var name = $"test_{Interlocked.Increment(ref _databases)}";
        await ExecuteAsync($"CREATE DATABASE {name} TEMPLATE {template}");
        return ConnectionString(name);
    }

    /// <summary>A new database as <paramref name="prepare"/> makes it: that runs once, into a template that is copied.</summary>
    public async Task<string> NewDatabaseAsync(string template, Func<string, Task> prepare)
    {
        await _templates.GetOrAdd(template, _ => new Lazy<Task>(async () =>
        {
            await ExecuteAsync($"CREATE DATABASE {template}");
            // Unpooled: a template with a connection left open cannot be copied.
            await prepare(new NpgsqlConnectionStringBuilder(ConnectionString(template)) { Pooling = false }.ConnectionString);
        })).Value;
        return await NewDatabaseAsync(template);
    }

    /// <summary>kill -9</summary>
    public async Task KillAsync()
    {
        _process.Send(Signal.Kill);
        await _process.Exited;
    }

    /// <summary>"immediate": no connection is ended properly and nothing is written, as in a crash.</summary>
    public async Task CrashAsync()
    {
        _process.Send(Signal.Quit);
        await _process.Exited;
    }

    /// <summary>Again on the same port and the same data.</summary>
    public async Task StartAgainAsync() => _process = await LaunchAsync(_server, _directory);

    /// <summary>Server and connections stop in the middle of whatever they do.</summary>
    public void Freeze() => SendToAll(Signal.Stop);

    public void Thaw() => SendToAll(Signal.Continue);

    public async ValueTask DisposeAsync()
    {
        Thaw();
        await CrashAsync();
        TestDirectory.Delete(_directory);
    }

    private static async Task<ChildProcess> LaunchAsync(LocalPostgres server, string directory)
    {
        var process = await ChildProcess.StartAsync("postgres", server.Command, Path.Combine(directory, "log"));
        await process.ReadyAsync(server.IsReadyAsync, TimeSpan.FromSeconds(30));
        return process;
    }

    private void SendToAll(Signal signal)
    {
        var children = File.ReadAllText($"/proc/{_process.Id}/task/{_process.Id}/children");
        foreach (var child in children.Split(' ', StringSplitOptions.RemoveEmptyEntries)) signal.Send(int.Parse(child, null));
        _process.Send(signal);
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(ConnectionString());
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
