using Microsoft.Extensions.Caching.Memory;
using Npgsql;

namespace Streaming.Core.Discovery;

/// <summary>
/// Keeps the orders of lists for a few minutes, so that every page after the first goes on in the order of the first, whatever counts do
/// meanwhile: neither gap nor repeat. In Postgres, which every replica has, also while Redis is away.
/// </summary>
public sealed class ListOrders(NpgsqlDataSource database) : IDisposable
{
    /// <summary>A cursor holds for as long, at least.</summary>
    public static readonly TimeSpan KeptFor = TimeSpan.FromMinutes(6);

    /// <summary>Ids that this process remembers: 16 MB.</summary>
    private const int Remembered = 1_000_000;

    private readonly MemoryCache _memory = new(new MemoryCacheOptions { SizeLimit = Remembered });

    public void Dispose() => _memory.Dispose();

    /// <summary>Keeps it under this id, unless there is one already: that one stays.</summary>
    public async Task Keep(Guid id, ListOrder order, CancellationToken ct)
    {
        await using var batch = database.CreateBatch();
        batch.BatchCommands.Add(new("insert into list_orders (id, channels, reasons) values (@id, @channels, @reasons) on conflict do nothing")
        {
            Parameters = { new("id", id), new("channels", order.Channels), new NpgsqlParameter<int[]?>("reasons", order.Reasons) },
        });
        // What is over goes with what comes; whoever else does the same is not waited for.
        batch.BatchCommands.Add(new("delete from list_orders where id in (select id from list_orders where made_at < now() - @kept limit 100 for update skip locked)")
        {
            Parameters = { new("kept", KeptFor) },
        });
        await batch.ExecuteNonQueryAsync(ct);
    }

    /// <returns>Null when there is none, or none any more.</returns>
    public async Task<ListOrder?> Find(Guid id, CancellationToken ct)
    {
        if (_memory.TryGetValue(id, out ListOrder? known)) return known;
        await using var command = database.CreateCommand("select channels, reasons from list_orders where id = @id");
        command.Parameters.AddWithValue("id", id);
        await using var row = await command.ExecuteReaderAsync(ct);
        if (!await row.ReadAsync(ct)) return null;
        var order = new ListOrder(row.GetFieldValue<Guid[]>(0), row.IsDBNull(1) ? null : row.GetFieldValue<int[]>(1));
        return _memory.Set(id, order, new MemoryCacheEntryOptions { Size = order.Channels.Length + 10, AbsoluteExpirationRelativeToNow = KeptFor });
    }
}
