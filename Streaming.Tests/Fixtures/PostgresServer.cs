using System.Collections.Concurrent;
using Npgsql;
using Streaming.AppHost.Local;

namespace Streaming.Tests.Fixtures;

/// <summary>A real PostgreSQL. Most tests share one and have a database each; tests that kill it start their own.</summary>
public sealed class PostgresServer : IAsyncDisposable
{
    private static readonly Lazy<Task<PostgresServer>> One = new(StartAsync);

    private readonly string _directory;
    private readonly Secret _password;
    private readonly ConcurrentDictionary<string, Lazy<Task>> _templates = [];
    private LocalPostgres _server;
    private ChildProcess _process;
    private int _databases;

    private PostgresServer(string directory, Secret password, LocalPostgres server, ChildProcess process) =>
        (_directory, _password, _server, _process) = (directory, password, server, process);

    /// <summary>Started by the first test that asks, stopped with the test run.</summary>
    public static Task<PostgresServer> Shared => One.Value;

    public int Port => _server.Port;

    public int ProcessId => _process.Id;

    public static async Task<PostgresServer> StartAsync()
    {
        var directory = TestDirectory.New("postgres");
        var password = Secret.New();
        var (server, process) = await LaunchAsync(directory, TestPorts.Next(), password);
        var postgres = new PostgresServer(directory, password, server, process);
        TestDirectory.AtEndOfRun(() => postgres.EndAtOnce());
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

    /// <summary>What <c>pg_dump</c> makes of a database; null while the server cannot be reached.</summary>
    public async Task<string?> TryDumpAsync(string database)
    {
        if (_process.Exited.IsCompleted) return null;
        var (login, folder) = (new NpgsqlConnectionStringBuilder(ConnectionString(database)), TestDirectory.New("dump"));
        var file = Path.Combine(folder, "sql");
        var command = new StartCommand(
            Path.Combine(Path.GetDirectoryName(_server.Command.File)!, "pg_dump"), "--host", login.Host!, "--port", $"{Port}", "--username", login.Username!, "--file", file, database)
        { Environment = new Dictionary<string, string> { ["PGPASSWORD"] = login.Password!, ["PGCONNECT_TIMEOUT"] = "5" } };
        await using var dumping = await ProcessUnderTest.StartAsync("pg_dump", command);
        var dump = await dumping.Exited.WaitAsync(TimeSpan.FromSeconds(60)) == 0 ? await File.ReadAllTextAsync(file) : null;
        TestDirectory.Delete(folder);
        return dump;
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
    public async Task StartAgainAsync() => (_server, _process) = await LaunchAsync(_directory, Port, _password);

    /// <summary>Server and connections stop in the middle of whatever they do.</summary>
    public void Freeze() => SendToAll(Signal.Stop);

    public void Thaw() => SendToAll(Signal.Continue);

    public async ValueTask DisposeAsync()
    {
        Thaw();
        await CrashAsync();
        TestDirectory.Delete(_directory);
    }

    private static async Task<(LocalPostgres Server, ChildProcess Process)> LaunchAsync(string directory, int port, Secret password)
    {
        var server = await LocalPostgres.PrepareAsync(Path.Combine(directory, "data"), port, password, fast: true);
        var process = await ChildProcess.StartAsync("postgres", server.Command, Path.Combine(directory, "log"));
        await process.ReadyAsync(server.IsReadyAsync, TimeSpan.FromSeconds(30));
        return (server, process);
    }

    // A kill would leave its segment of shared memory behind, of which a machine has only so many.
    private void EndAtOnce()
    {
        _process.Send(Signal.Quit);
        ((IAsyncResult)_process.Exited).AsyncWaitHandle.WaitOne(TimeSpan.FromSeconds(1));
    }

    private void SendToAll(Signal signal)
    {
        if (_process.Exited.IsCompleted) return;
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
