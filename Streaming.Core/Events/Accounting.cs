using Npgsql;
using StackExchange.Redis;

namespace Streaming.Core.Events;

/// <summary>
/// The books of the pipeline: every delivery that was stored comes to exactly one end. What came in is counted by the stores (Redis
/// counts its entries, the spool its rows), what became of it by the transactions that did it; the two must agree.
/// </summary>
public sealed class Accounting(NpgsqlDataSource database, IConnectionMultiplexer redis)
{
    private static readonly RedisKey[] Keys = [EventQueue.StreamKey, EventQueue.LifeKey];

    /// <summary>In one step, so that the three belong together. A full Redis takes no new name, and is counted all the same.</summary>
    private const string CountQueue =
        """
        if ARGV[1] ~= '' and redis.call('EXISTS', KEYS[2]) == 0 then redis.pcall('SET', KEYS[2], ARGV[1]) end
        local life = redis.call('GET', KEYS[2]) or ''
        if redis.call('EXISTS', KEYS[1]) == 0 then return {life, 0, 0} end
        local info = redis.call('XINFO', 'STREAM', KEYS[1])
        local facts = {}
        for i = 1, #info, 2 do facts[info[i]] = info[i + 1] end
        return {life, facts['entries-added'], facts['length']}
        """;

    private volatile string? _life;

    /// <summary>Reads the books.</summary>
    /// <exception cref="RedisException">Redis is away: what waits there cannot be counted.</exception>
    public async Task<Account> Read(CancellationToken ct)
    {
        // In this order: what has left the queue by the first look is settled by the second, and what is settled is received by the third.
        var before = await Count();
        await using var command = database.CreateCommand(
            """
            select coalesce(sum(applied), 0)::bigint, coalesce(sum(superseded), 0)::bigint, coalesce(sum(skipped), 0)::bigint,
                   coalesce(sum(duplicate), 0)::bigint, coalesce(sum(dead), 0)::bigint, coalesce(sum(spooled), 0)::bigint,
                   (select count(*) from webhook_spool), (select received_before from queue_lives where id = @life)
            from accounting
            """);
        command.Parameters.AddWithValue("life", before.Life);
        await using var row = await command.ExecuteReaderAsync(ct);
        await row.ReadAsync(ct);
        var outcomes = new Outcomes(row.GetInt64(0), row.GetInt64(1), row.GetInt64(2), row.GetInt64(3), row.GetInt64(4));
        var (spooled, inSpool) = (row.GetInt64(5), row.GetInt64(6));
        long? earlier = row.IsDBNull(7) ? null : row.GetInt64(7);
        var after = await Count();

        if (after.Life != before.Life || earlier is not { } received) return new Account(0, outcomes, 0, 0, inSpool, IsOpen: false);
        var removed = received + before.Added - before.Length + spooled - inSpool;
        return new Account(received + after.Added + spooled, outcomes, removed, after.Length, inSpool, IsOpen: true);
    }

    /// <summary>Whether the life that Redis is in is the one whose chapter this process has opened.</summary>
    public async Task<bool> KnowsLife() => (await Count()).Life is { Length: > 0 } life && life == _life;

    /// <summary>
    /// Begins a chapter for the life that Redis is in, unless it has one: in an emptied Redis the count of entries begins anew. To be
    /// called before the queue is read and with nothing in hand, since what is settled until then was received in earlier lives.
    /// </summary>
    /// <returns>Whether there is one now: a full Redis cannot be told apart from another before it has room again.</returns>
    public async Task<bool> Open(CancellationToken ct)
    {
        var (life, added, length) = await Count(newLife: $"{Guid.CreateVersion7()}");
        if (life == _life) return true;
        if (life.Length == 0) return false;
        await using var command = database.CreateCommand(
            """
            insert into queue_lives (id, received_before)
            select @life, coalesce(sum(applied + superseded + skipped + duplicate + dead - spooled), 0) + (select count(*) from webhook_spool) - @removed from accounting
            on conflict (id) do nothing
            """);
        command.Parameters.AddWithValue("life", life);
        command.Parameters.AddWithValue("removed", added - length);
        await command.ExecuteNonQueryAsync(ct);
        _life = life;
        return true;
    }

    /// <summary>The statement that enters outcomes into the books, for the transaction that brought them about.</summary>
    internal static NpgsqlBatchCommand Add(Outcomes outcomes) => new(
        """
        insert into accounting as a (page, applied, superseded, skipped, duplicate, dead) values (@page, @applied, @superseded, @skipped, @duplicate, @dead)
        on conflict (page) do update set
            applied = a.applied + excluded.applied, superseded = a.superseded + excluded.superseded, skipped = a.skipped + excluded.skipped,
            duplicate = a.duplicate + excluded.duplicate, dead = a.dead + excluded.dead
        """)
    {
        Parameters =
        {
            new("page", AccountPage.Any()), new("applied", outcomes.Applied), new("superseded", outcomes.Superseded),
            new("skipped", outcomes.Skipped), new("duplicate", outcomes.Duplicate), new("dead", outcomes.Dead),
        },
    };

    private async Task<(string Life, long Added, long Length)> Count(string newLife = "")
    {
        var answer = (RedisResult[])(await redis.GetDatabase().ScriptEvaluateAsync(CountQueue, Keys, [newLife]))!;
        return ((string)answer[0]!, (long)answer[1], (long)answer[2]);
    }
}

/// <summary>How many deliveries came to each end.</summary>
/// <param name="Applied">They told something new.</param>
/// <param name="Superseded">All they said was known, or newer facts stand in its place.</param>
/// <param name="Skipped">Of a kind without effect, or of a room that is no channel of ours.</param>
/// <param name="Duplicate">Of an event that had come to its end already.</param>
/// <param name="Dead">They became dead letters, whatever was done about those later.</param>
public readonly record struct Outcomes(long Applied, long Superseded, long Skipped, long Duplicate, long Dead = 0)
{
    public long Total => Applied + Superseded + Skipped + Duplicate + Dead;
}

/// <summary>The state of the books.</summary>
/// <param name="Received">Deliveries that were stored, in Redis or in the spool.</param>
/// <param name="Removed">Deliveries that had left queue and spool when the reading began: all of them must be settled.</param>
/// <param name="InQueue">Entries of the Redis stream at the end of the reading.</param>
/// <param name="InSpool">Rows of the spool.</param>
/// <param name="IsOpen">False when Redis has lost its data and the worker has not yet begun a new chapter.</param>
public sealed record Account(long Received, Outcomes Outcomes, long Removed, long InQueue, long InSpool, bool IsOpen)
{
    /// <summary>Received and not yet at an end.</summary>
    public long Pending => Received - Outcomes.Total;

    /// <summary>
    /// Nothing left the stores without an end (else it is lost), and nothing came to two ends (else it is doubled). Holds at any
    /// moment, since what is between its commit and its removal is settled and not yet removed.
    /// </summary>
    public bool IsBalanced => IsOpen && Removed <= Outcomes.Total && Outcomes.Total <= Received;
}
