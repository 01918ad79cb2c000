using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Npgsql;
using StackExchange.Redis;
using Streaming.AppHost.Local;
using Streaming.Tests.Fixtures;
using Xunit.Sdk;

namespace Streaming.Tests.House;

/// <summary>What the other tests stand on.</summary>
public sealed class FixturesTests
{
    [Fact]
    public async Task A_killed_postgres_comes_back_with_its_data()
    {
        await using var postgres = await PostgresServer.StartAsync();
        var unpooled = Unpooled(postgres);
        await Execute(unpooled, "CREATE TABLE kept AS SELECT 42 AS answer");

        await postgres.KillAsync();
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => Execute(unpooled, "SELECT 1"));
        await postgres.StartAgainAsync();

        Assert.Equal(42, await Execute(unpooled, "SELECT answer FROM kept"));
    }

    [Fact]
    public async Task A_killed_postgres_comes_back_only_when_its_last_connection_has_let_go_of_the_data()
    {
        await using var postgres = await PostgresServer.StartAsync();
        var unpooled = Unpooled(postgres);
        await using var connection = new NpgsqlConnection(unpooled);
        await connection.OpenAsync();
        var holder = connection.ProcessID;

        Assert.True(Signal.Stop.Send(holder));
        await postgres.KillAsync();
        var again = postgres.StartAgainAsync();
        Assert.NotSame(again, await Task.WhenAny(again, Task.Delay(500)));
        Assert.True(Signal.Continue.Send(holder));

        await again;
        Assert.Equal(1, await Execute(unpooled, "SELECT 1"));
    }

    [Fact]
    public async Task A_killed_redis_comes_back_with_its_data()
    {
        await using var redis = await RedisServer.StartAsync();
        await using (var connection = await ConnectionMultiplexer.ConnectAsync(redis.ConnectionString))
            await connection.GetDatabase().StringSetAsync("kept", 42);

        await redis.KillAsync();
        await redis.StartAgainAsync();

        await using var again = await ConnectionMultiplexer.ConnectAsync(redis.ConnectionString);
        Assert.Equal(42, (int)await again.GetDatabase().StringGetAsync("kept"));
    }

    [Theory]
    [InlineData("appendonly", "yes")]
    [InlineData("appendfsync", "always")]
    [InlineData("save", "")]
    [InlineData("maxmemory-policy", "noeviction")]
    public async Task Redis_is_configured_to_keep_what_it_accepted(string setting, string expected)
    {
        var redis = await RedisServer.Shared;
        await using var connection = await ConnectionMultiplexer.ConnectAsync(redis.ConnectionString + ",allowAdmin=true");

        var values = await connection.GetServers()[0].ConfigGetAsync(setting);

        Assert.Equal(expected, Assert.Single(values).Value);
    }

    [Fact]
    public async Task Servers_refuse_a_stranger()
    {
        var postgres = await PostgresServer.Shared;
        var redis = await RedisServer.Shared;
        var wrong = new NpgsqlConnectionStringBuilder(postgres.ConnectionString()) { Password = "guessed" };

        var refusal = await Assert.ThrowsAsync<PostgresException>(() => Execute(wrong.ConnectionString, "SELECT 1"));

        Assert.Equal(PostgresErrorCodes.InvalidPassword, refusal.SqlState);
        await Assert.ThrowsAsync<RedisConnectionException>(() => ConnectionMultiplexer.ConnectAsync($"127.0.0.1:{redis.Port},connectTimeout=500"));
    }

    [Fact]
    public async Task A_frozen_postgres_answers_nobody_until_it_thaws()
    {
        await using var postgres = await PostgresServer.StartAsync();
        await using var connection = new NpgsqlConnection(postgres.ConnectionString());
        await connection.OpenAsync();

        postgres.Freeze();
        await using var command = new NpgsqlCommand("SELECT 1", connection);
        var answer = command.ExecuteScalarAsync();
        Assert.NotSame(answer, await Task.WhenAny(answer, Task.Delay(300)));
        postgres.Thaw();

        Assert.Equal(1, await answer);
    }

    [Fact]
    public async Task A_server_left_behind_is_ended_by_the_next_start_on_its_data()
    {
        var directory = Path.Combine(TestDirectory.New("left-behind"), "data");
        var password = Secret.New();
        var first = await LocalPostgres.PrepareAsync(directory, TestPorts.Next(), password, fast: true);
        await using var left = await ProcessUnderTest.StartAsync("left-behind", first.Command);
        await Eventually.True(() => first.IsReadyAsync());

        await LocalPostgres.PrepareAsync(directory, TestPorts.Next(), password, fast: true);

        Assert.Equal(0, await left.Exited);
        Assert.Contains("database system is shut down", left.Log);
    }

    [Fact]
    public async Task Each_database_is_a_copy_of_a_template_that_is_prepared_once()
    {
        var postgres = await PostgresServer.Shared;
        var prepared = 0;
        Task Prepare(string database)
        {
            prepared++;
            return Execute(database, "CREATE TABLE visitors AS SELECT 1 AS visitor");
        }

        var databases = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => postgres.NewDatabaseAsync("prepared", Prepare)));
        await Execute(databases[0], "INSERT INTO visitors VALUES (2)");

        Assert.Equal(1, prepared);
        Assert.Equal(4, databases.Distinct().Count());
        Assert.Equal(2L, await Execute(databases[0], "SELECT count(*) FROM visitors"));
        Assert.Equal(1L, await Execute(databases[1], "SELECT count(*) FROM visitors"));
    }

    [Fact]
    public async Task A_wire_is_cut_and_restored()
    {
        await using var echo = new Echo();
        await using var wire = new TcpProxy(echo.Port);
        using var before = await Connect(wire);
        Assert.Equal("hello", await Say(before, "hello"));

        wire.Cut();

        await Assert.ThrowsAnyAsync<IOException>(() => Say(before, "still there?"));
        await Assert.ThrowsAsync<SocketException>(() => Connect(wire));
        wire.Restore();
        using var after = await Connect(wire);
        Assert.Equal("hello again", await Say(after, "hello again"));
    }

    [Fact]
    public async Task A_wire_is_frozen_and_thawed_without_losing_a_byte()
    {
        await using var echo = new Echo();
        await using var wire = new TcpProxy(echo.Port);
        using var connection = await Connect(wire);
        Assert.Equal("hello", await Say(connection, "hello"));

        wire.Freeze();
        var answer = Say(connection, "patience");
        Assert.NotSame(answer, await Task.WhenAny(answer, Task.Delay(200)));
        wire.Thaw();

        Assert.Equal("patience", await answer);
    }

    [Fact]
    public async Task A_wire_is_slowed_down()
    {
        await using var echo = new Echo();
        await using var wire = new TcpProxy(echo.Port) { Delay = TimeSpan.FromMilliseconds(100) };
        using var connection = await Connect(wire);
        var started = Stopwatch.GetTimestamp();

        Assert.Equal("there and back", await Say(connection, "there and back"));

        Assert.InRange(Stopwatch.GetElapsedTime(started).TotalMilliseconds, 190, 5000);
    }

    [Fact]
    public async Task A_process_is_killed_terminated_and_read()
    {
        await using var killed = await ProcessUnderTest.StartAsync("killed", new StartCommand("sleep", "60"));
        await killed.KillAsync();
        Assert.Equal(128 + 9, await killed.Exited);

        var polite = new StartCommand("bash", "-c", "trap 'echo bye; exit 3' TERM; echo \"$GREETING\"; while :; do read -t 1 <> <(:); done")
        {
            Environment = new Dictionary<string, string> { ["GREETING"] = "hello" },
        };
        await using var terminated = await ProcessUnderTest.StartAsync("terminated", polite);
        await Eventually.True(() => terminated.Log == "hello\n", evidence: () => terminated.Log);
        Assert.Equal(3, await terminated.TerminateAsync());
        Assert.Equal("hello\nbye\n", terminated.Log);
    }

    [Fact]
    public async Task A_process_that_does_not_start_says_why()
    {
        var failure = await Assert.ThrowsAsync<SetupException>(() => ProcessUnderTest.StartAsync(
            "broken", new StartCommand("bash", "-c", "echo the disk is on fire; exit 7"), "http://127.0.0.1:1/health"));

        Assert.Contains("exit code 7", failure.Message, StringComparison.Ordinal);
        Assert.Contains("the disk is on fire", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Children_do_not_outlive_a_killed_parent()
    {
        // A test host cannot kill itself and go on: a shell stands in for it, with the line by which we start children.
        var child = string.Join(' ', new StartCommand("sleep", "61").Line(dieWithParent: true));
        await using var parent = await ProcessUnderTest.StartAsync("parent", new StartCommand("bash", "-c", $"{child} & echo $!; wait"));
        var id = await Eventually.Read(() => Task.FromResult(parent.Log.Trim()), log => log.Length > 0);
        await Eventually.True(() => File.ReadAllText($"/proc/{id}/cmdline").StartsWith("sleep", StringComparison.Ordinal));

        await parent.KillAsync();

        await Eventually.True(() => !File.Exists($"/proc/{id}/cmdline") || File.ReadAllText($"/proc/{id}/cmdline") == "");
    }

    [Fact]
    public async Task Waiting_in_vain_says_what_was_seen_last()
    {
        var answers = 0;

        var failure = await Assert.ThrowsAsync<FailException>(() =>
            Eventually.Equal(-1, () => Task.FromResult(++answers), within: TimeSpan.FromMilliseconds(50)));

        Assert.Contains("Task.FromResult(++answers) to be -1", failure.Message, StringComparison.Ordinal);
        Assert.Contains($"Last seen: {answers}", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_same_seed_proposes_the_same_ports_and_no_port_is_handed_out_twice()
    {
        var first = Enumerable.Range(0, 3).Select(_ => new FreePorts("one system").Next()).ToArray();

        Assert.Equal(3, first.Distinct().Count());
        Assert.All(first, port => Assert.InRange(port, 15_000, 32_000));
    }

    [Fact]
    public void A_secret_does_not_print_itself()
    {
        var secret = Secret.New();

        Assert.Equal("***", $"{secret}");
        Assert.InRange(secret.Reveal().Length, 32, 64);
        Assert.NotEqual(secret.Reveal(), Secret.New().Reveal());
    }

    private static string Unpooled(PostgresServer postgres) =>
        new NpgsqlConnectionStringBuilder(postgres.ConnectionString()) { Pooling = false }.ConnectionString;

    private static async Task<object?> Execute(string connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }

    private static async Task<TcpClient> Connect(TcpProxy wire)
    {
        var connection = new TcpClient();
        await connection.ConnectAsync(IPAddress.Loopback, wire.Port);
        return connection;
    }

    private static async Task<string> Say(TcpClient connection, string words)
    {
        var stream = connection.GetStream();
        await stream.WriteAsync(System.Text.Encoding.UTF8.GetBytes(words));
        var answer = new byte[words.Length];
        await stream.ReadExactlyAsync(answer);
        return System.Text.Encoding.UTF8.GetString(answer);
    }

    private sealed class Echo : IAsyncDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, TestPorts.Next());

        public Echo()
        {
            _listener.Start();
            _ = AcceptAsync();
        }

        public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

        public ValueTask DisposeAsync()
        {
            _listener.Dispose();
            return ValueTask.CompletedTask;
        }

        private async Task AcceptAsync()
        {
            while (_listener.Server.IsBound)
            {
                var client = await _listener.AcceptTcpClientAsync();
                _ = client.GetStream().CopyToAsync(client.GetStream());
            }
        }
    }
}
