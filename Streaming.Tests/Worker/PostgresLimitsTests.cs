using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Streaming.Core;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Worker;

/// <summary>What is asked of Postgres has an end: an unwell one is noticed, and nothing stuck holds what others wait for.</summary>
public sealed class PostgresLimitsTests : IAsyncLifetime
{
    private TestDatabase _database = null!;

    public async Task InitializeAsync() => _database = await TestDatabase.NewAsync();

    public async Task DisposeAsync() => await _database.DisposeAsync();

    [Fact]
    public async Task Connections_have_our_limits()
    {
        await using var services = Services(_database.ConnectionString);
        var source = services.GetRequiredService<NpgsqlDataSource>();
        var settings = new NpgsqlConnectionStringBuilder(source.ConnectionString);
        Assert.Equal((3, 10, 20, 50), (settings.Timeout, settings.CommandTimeout, settings.MaxPoolSize, settings.MaxAutoPrepare));
        Assert.Equal(("10s", "10s"), (await Shown(source, "statement_timeout"), await Shown(source, "idle_in_transaction_session_timeout")));
    }

    [Fact]
    public async Task A_limit_that_the_connection_string_has_of_its_own_stays()
    {
        await using var services = Services(_database.ConnectionString + ";Timeout=7;CommandTimeout=77;MaxPoolSize=5;Max Auto Prepare=0;Options=-c statement_timeout=7s");
        var source = services.GetRequiredService<NpgsqlDataSource>();
        var settings = new NpgsqlConnectionStringBuilder(source.ConnectionString);
        Assert.Equal((7, 77, 5, 0), (settings.Timeout, settings.CommandTimeout, settings.MaxPoolSize, settings.MaxAutoPrepare));
        Assert.Equal("7s", await Shown(source, "statement_timeout"));
    }

    [Fact]
    public async Task A_statement_that_comes_again_is_planned_once()
    {
        await using var services = Services(_database.ConnectionString);
        await using var connection = await services.GetRequiredService<NpgsqlDataSource>().OpenConnectionAsync();
        for (var time = 0; time < 10; time++)
        {
            await using var again = new NpgsqlCommand("select count(*) from channels", connection);
            await again.ExecuteScalarAsync();
        }

        await using var prepared = new NpgsqlCommand("select count(*) from pg_prepared_statements where statement = 'select count(*) from channels'", connection);
        Assert.Equal(1L, await prepared.ExecuteScalarAsync());
    }

    private static ServiceProvider Services(string connectionString) => new ServiceCollection().AddStreamingCore(_ => connectionString).BuildServiceProvider();

    private static async Task<string?> Shown(NpgsqlDataSource source, string setting)
    {
        await using var command = source.CreateCommand($"show {setting}");
        return (string?)await command.ExecuteScalarAsync();
    }
}
