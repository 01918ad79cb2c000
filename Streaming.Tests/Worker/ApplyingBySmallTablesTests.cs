using Npgsql;
using Streaming.Core.Events;
using Streaming.Core.LiveKit;
using Streaming.Tests.Faults;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Worker;

/// <summary>How a statement is carried out is decided once and kept: it must not be decided by how little there was to look through at that time.</summary>
public sealed class ApplyingBySmallTablesTests : IAsyncLifetime
{
    private TestDatabase _database = null!;

    public async Task InitializeAsync() => _database = await TestDatabase.NewAsync();

    public async Task DisposeAsync() => await _database.DisposeAsync();

    [Fact]
    public async Task No_event_is_looked_for_by_going_through_a_whole_table_however_small_it_was()
    {
        var channels = new[] { await _database.NewChannel(), await _database.NewChannel() };
        var entry = 0;
        var batches = Broadcasts.Of(channels, 600, seed: 1)
            .Select(w => new QueuedEvent($"{++entry}-0", WireEvent.Read(w.Body), TimeProvider.System.GetUtcNow(), null)).Chunk(50).ToList();
        await Apply(batches[..1]);
        await _database.Rows("analyze"); // now Postgres knows that the tables are small
        var before = await Scanned();

        await Apply(batches[1..]);
        Assert.Equal(before, await Scanned());
    }

    private async Task Apply(IEnumerable<IReadOnlyCollection<QueuedEvent>> batches)
    {
        await using var source = NpgsqlDataSource.Create(_database.ConnectionString + ";Pooling=false;Application Name=applier"); // its statistics are told when it ends
        var applier = new EventApplier(source);
        foreach (var batch in batches) await applier.Apply(batch, CancellationToken.None);
        await Eventually.Equal(0, async () => (await _database.Rows("select pid from pg_stat_activity where application_name = 'applier' and datname = current_database()")).Count);
    }

    private async Task<string> Scanned() => string.Join('\n', await _database.Rows("select relname, seq_scan from pg_stat_user_tables order by relname"));
}
