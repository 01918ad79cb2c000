using Microsoft.EntityFrameworkCore;
using Npgsql;
using Streaming.Core.Creators;
using Streaming.Core.Data;
using Streaming.Core.Streams;

namespace Streaming.Tests.Fixtures;

/// <summary>A migrated database of a test class's own.</summary>
public sealed class TestDatabase : IAsyncDisposable
{
    private readonly PostgresServer _server;

    private TestDatabase(PostgresServer server, string connectionString)
    {
        (_server, ConnectionString) = (server, connectionString);
        Source = NpgsqlDataSource.Create(connectionString);
    }

    public string ConnectionString { get; }

    public NpgsqlDataSource Source { get; }

    /// <param name="server">One that the test may break; else the shared one.</param>
    public static async Task<TestDatabase> NewAsync(PostgresServer? server = null)
    {
        server ??= await PostgresServer.Shared;
        return new TestDatabase(server, await server.NewDatabaseAsync("streaming_template", Migrate));
    }

    /// <summary>Brings an empty database to the schema of this build.</summary>
    public static async Task Migrate(string connectionString)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        await using var db = Open(source);
        await db.Database.MigrateAsync();
    }

    public StreamingDb Open() => Open(Source);

    /// <summary>For the end of a connection string: a statement has a second.</summary>
    public const string Impatient = ";Options=-c statement_timeout=1s;Application Name=impatient";

    /// <summary>Does something <see cref="Impatient"/> that has to wait for a table, and for longer than a statement has.</summary>
    public async Task<T> WhileWaitingFor<T>(string table, Func<NpgsqlDataSource, Task<T>> something)
    {
        await using var holder = await Source.OpenConnectionAsync();
        await using var holding = await holder.BeginTransactionAsync();
        await using (var hold = new NpgsqlCommand($"lock table {table}", holder)) await hold.ExecuteNonQueryAsync();
        await using var impatient = NpgsqlDataSource.Create(ConnectionString + Impatient);

        var result = something(impatient);
        await Eventually.Equal(1, async () => (await Rows("select pid from pg_stat_activity where application_name = 'impatient' and datname = current_database() and wait_event_type = 'Lock' and clock_timestamp() - query_start > interval '1.5 s'")).Count);
        await holding.CommitAsync();
        return await result;
    }

    /// <summary>A creator with a channel; each call another one.</summary>
    public async Task<Channel> NewChannel(string? userId = null)
    {
        var now = TimeProvider.System.GetUtcNow();
        var channel = new Channel(userId ?? $"user-{Guid.CreateVersion7():N}", now);
        await using var db = Open();
        if (!await db.Users.AnyAsync(u => u.Id == channel.UserId)) db.Users.Add(new User(channel.UserId, now));
        db.Channels.Add(channel);
        await db.SaveChangesAsync();
        return channel;
    }

    /// <summary>The rows of a query as text, to compare.</summary>
    public async Task<IReadOnlyList<string>> Rows(string sql, params NpgsqlParameter[] parameters)
    {
        await using var command = Source.CreateCommand(sql);
        command.Parameters.AddRange(parameters);
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<string>();
        while (await reader.ReadAsync())
            rows.Add(string.Join(" | ", Enumerable.Range(0, reader.FieldCount).Select(i => reader.IsDBNull(i) ? "-" : reader.GetValue(i) is DateTime t ? $"{t:O}" : $"{reader.GetValue(i)}")));
        return rows;
    }

    /// <summary>All that is in it, as <c>pg_dump</c> writes it; null while the server cannot be reached.</summary>
    public Task<string?> TryDumpAsync() => _server.TryDumpAsync(new NpgsqlConnectionStringBuilder(ConnectionString).Database!);

    public ValueTask DisposeAsync() => Source.DisposeAsync();

    private static StreamingDb Open(NpgsqlDataSource source)
    {
        var options = new DbContextOptionsBuilder<StreamingDb>();
        StreamingDb.Configure(options, source);
        return new StreamingDb(options.Options);
    }
}
