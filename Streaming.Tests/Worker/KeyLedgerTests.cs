using Npgsql;
using Streaming.Core.Streams;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Worker;

/// <summary>The ledger of stream keys finds whatever is done to it behind its back.</summary>
public sealed class KeyLedgerTests : IAsyncLifetime
{
    private TestDatabase _database = null!;
    private Guid _channel, _other;

    public async Task InitializeAsync()
    {
        _database = await TestDatabase.NewAsync();
        (_channel, _other) = ((await _database.NewChannel()).Id, (await _database.NewChannel()).Id);
        for (var i = 0; i < 3; i++)
            foreach (var channel in new[] { _channel, _other }) await Append(channel, new(KeyEvent.Accepted, "IN_1") { Resource = $"RT_{i}", HappenedAt = TimeProvider.System.GetUtcNow() }, new(KeyEvent.Refused, null) { Detail = "disabled" });
        Assert.Empty(await Faults());
    }

    public async Task DisposeAsync() => await _database.DisposeAsync();

    [Theory]
    [InlineData("update key_ledger set detail = 'another' where sequence = 4", "4 is not as it was written")]
    [InlineData("update key_ledger set ingress_id = 'IN_2' where sequence = 1", "1 is not as it was written")]
    [InlineData("update key_ledger set happened_at = happened_at + interval '1 microsecond' where sequence = 3", "3 is not as it was written")]
    [InlineData("update key_ledger set at = at - interval '1 day' where sequence = 6", "6 is not as it was written")]
    [InlineData("delete from key_ledger where sequence = 2", "2 is missing")]
    [InlineData("delete from key_ledger where sequence in (1, 2)", "1 to 2 are missing")]
    [InlineData("delete from key_ledger where sequence = 6", "6 is missing")]
    [InlineData("delete from key_ledger", "1 to 6 are missing")]
    [InlineData("delete from key_ledger_heads", "1 to 6 were put in")]
    [InlineData("insert into key_ledger select channel_id, 7, at, happened_at, ingress_id, kind, resource_id, detail, corrects, hash, hash from key_ledger where sequence = 6", "7 is not as it was written", "7 was put in")]
    [InlineData("update key_ledger a set kind = b.kind, detail = b.detail, resource_id = b.resource_id, happened_at = b.happened_at, ingress_id = b.ingress_id, previous_hash = b.previous_hash, hash = b.hash from key_ledger b where b.channel_id = a.channel_id and a.sequence = 3 and b.sequence = 5", "3 is not as it was written", "4 does not follow the one before it: it was put in, or that one was written anew")]
    public async Task What_was_altered_removed_or_put_in_is_found_and_named(string sql, params string[] faults)
    {
        await Execute(sql.Contains(" where ", StringComparison.Ordinal) ? sql.Replace(" where ", $" where {(sql.StartsWith("update key_ledger a", StringComparison.Ordinal) ? "a." : "")}channel_id = '{_channel}' and ", StringComparison.Ordinal) : $"{sql} where channel_id = '{_channel}'");

        Assert.Equal(faults, (await Faults()).Select(f => f.ChannelId == _channel ? $"{f.Sequence} {f.What}" : "another channel"));
    }

    [Fact]
    public async Task Writers_at_once_make_one_chain()
    {
        await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => Append(_channel, new LedgerLine(KeyEvent.Revealed, "IN_1"))));
        Assert.Empty(await Faults());
        Assert.Equal(["16"], await _database.Rows($"select max(sequence) from key_ledger where channel_id = '{_channel}'"));
    }

    [Fact]
    public async Task However_long_the_ledgers_are_they_are_read_to_their_end() =>
        Assert.Empty(await _database.WhileWaitingFor("key_ledger", source => Faults(source)));

    private async Task Append(Guid channel, params LedgerLine[] lines)
    {
        await using var connection = await _database.Source.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await KeyLedger.Append(connection, channel, lines, CancellationToken.None);
        await transaction.CommitAsync();
    }

    private async Task<IReadOnlyList<LedgerFault>> Faults(NpgsqlDataSource? source = null)
    {
        var faults = new List<LedgerFault>();
        await foreach (var fault in KeyLedger.Verify(source ?? _database.Source)) faults.Add(fault);
        return faults;
    }

    private async Task Execute(string sql)
    {
        await using var command = new NpgsqlCommand(sql, await _database.Source.OpenConnectionAsync());
        await using var connection = command.Connection!;
        Assert.NotEqual(0, await command.ExecuteNonQueryAsync());
    }
}
