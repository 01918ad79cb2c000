using System.Data;
using Npgsql;
using Streaming.Core.Data;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Worker;

/// <summary>A connection that is held while something else is done can break meanwhile: whoever comes back to it finds Postgres away, no fault of ours.</summary>
public sealed class BrokenByKeepAliveTests : IAsyncLifetime
{
    private TestDatabase _database = null!;

    public async Task InitializeAsync() => _database = await TestDatabase.NewAsync();

    public async Task DisposeAsync() => await _database.DisposeAsync();

    [Fact]
    public async Task A_statement_on_a_connection_that_broke_unused_fails_as_one_that_may_succeed_later() =>
        Assert.True(Failures.IsTransient(await FailureOf(async (connection, _) => await Select(connection))));

    [Fact]
    public async Task A_transaction_begun_on_a_connection_that_broke_unused_fails_as_one_that_may_succeed_later() =>
        Assert.True(Failures.IsTransient(await FailureOf(async (connection, _) => await connection.BeginTransactionAsync())));

    [Fact]
    public async Task A_commit_on_a_connection_that_broke_unused_fails_as_one_that_may_succeed_later() =>
        Assert.True(Failures.IsTransient(await FailureOf((_, transaction) => transaction.CommitAsync())));

    [Fact]
    public async Task A_fault_of_ours_is_not_taken_for_a_database_that_is_away()
    {
        await using var command = new NpgsqlCommand("select 1");
        Assert.False(Failures.IsTransient(await Assert.ThrowsAsync<InvalidOperationException>(() => command.ExecuteScalarAsync())));
    }

    private async Task<Exception> FailureOf(Func<NpgsqlConnection, NpgsqlTransaction, Task> comeBack)
    {
        await using var source = NpgsqlDataSource.Create(_database.ConnectionString + ";KeepAlive=1;Pooling=false");
        await using var connection = await source.OpenConnectionAsync();
        var transaction = await connection.BeginTransactionAsync();
        await Select(connection);
        await _database.Rows($"select pg_terminate_backend({connection.ProcessID})::text");
        await Eventually.True(() => connection.FullState.HasFlag(ConnectionState.Broken));
        return await Assert.ThrowsAnyAsync<Exception>(() => comeBack(connection, transaction));
    }

    private static async Task Select(NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand("select 1", connection);
        await command.ExecuteScalarAsync();
    }
}
