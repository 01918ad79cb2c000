using Npgsql;
using Streaming.Core.Sessions;

namespace Streaming.Core.Events;

/// <summary>
/// Applies accepted events: inbox, effects and books in one transaction. Effects are facts merged into rows by minimum, maximum or
/// "or", so the rows are the same whatever the order, the repetition and the division into batches.
/// </summary>
public sealed class EventApplier(NpgsqlDataSource database)
{
    /// <summary>Deliveries come twice in bursts: when LiveKit or a worker has had trouble.</summary>
    private const int WaryBatches = 100;

    /// <summary>
    /// Planning each statement anew takes longer than carrying it out, so plans are kept; and as one that was made for small tables would go
    /// on going through the whole of large ones, rows are always looked up by their keys. Who is told of the effects is told in the traces of what had them.
    /// </summary>
    private const string Settings =
        """
        select set_config('plan_cache_mode', 'force_generic_plan', true), set_config('enable_seqscan', 'off', true),
               set_config('jit', 'off', true), -- to a plan that cannot do without, going through a small table seems dear enough to be compiled
               set_config('streaming.traces', @traces, true)
        """;

    /// <summary>Batches to come in which repetitions are to be expected.</summary>
    private int _wary;

    /// <summary>All of the batch or, when it throws, nothing of it.</summary>
    public async Task<AppliedBatch> Apply(IReadOnlyCollection<QueuedEvent> batch, CancellationToken ct)
    {
        if (Volatile.Read(ref _wary) > 0)
        {
            Interlocked.Decrement(ref _wary);
            return await Apply(batch, mayRepeat: true, ct);
        }

        try
        {
            return await Apply(batch, mayRepeat: false, ct); // an insertion that expects no conflict is cheaper by a fifth
        }
        catch (PostgresException e) when (e is { SqlState: PostgresErrorCodes.UniqueViolation, TableName: "processed_events" })
        {
            Interlocked.Exchange(ref _wary, WaryBatches);
            return await Apply(batch, mayRepeat: true, ct);
        }
    }

    private async Task<AppliedBatch> Apply(IReadOnlyCollection<QueuedEvent> batch, bool mayRepeat, CancellationToken ct)
    {
        var unique = batch.DistinctBy(e => e.Event.Id).ToDictionary(e => e.Event.Id);
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var (fresh, duplicates, risen) = await WriteInbox(connection, batch, unique, mayRepeat, ct);

        var facts = FactSheet.Of([.. fresh.Where(f => f.Value).Select(f => unique[f.Key].Event)]);
        if (facts.Rooms.Count > 0 || facts.ChangedChannels.Length > 0)
        {
            var windows = facts.ChangedChannels.Length > 0 ? await SessionWrites.LockChannels(connection, facts.ChangedChannels, ct) : [];
            facts.Changed(await FactWrites.Merge(connection, facts, ct));
            if (windows.Count > 0) await SessionWrites.Derive(connection, windows, facts.ChangedSegments, facts.ChangedRooms, new Cause(ChangeCause.Webhook, facts.Evidence), ct);
        }

        var counts = new Outcomes(
            Applied: fresh.Count(f => f.Value) - facts.Superseded.Count, facts.Superseded.Count, Skipped: fresh.Count(f => !f.Value), duplicates, Dead: -risen);
        await Close(connection, facts.Superseded, counts, ct);
        await transaction.CommitAsync(ct);
        var channels = batch.Select(e => e.Event.ChannelId).OfType<Guid>().Distinct().ToArray(); // duplicates too: the first time may have crashed before its refresh
        return new AppliedBatch(counts, channels);
    }

    /// <summary>
    /// The inbox decides who applies an event: of two transactions with the same one, the second waits here and then finds it done.
    /// A delivery handed out again after its commit is known by its entry and counted as nothing.
    /// </summary>
    /// <param name="mayRepeat">Whether an event that is there already is left out, or stops everything.</param>
    /// <returns>Fresh: the events that were not there, and whether each has an effect. Risen: deliveries that another worker took for deadly while we had them in hand. They are dead no more.</returns>
    private static async Task<(Dictionary<string, bool> Fresh, int Duplicates, int Risen)> WriteInbox(
        NpgsqlConnection connection, IReadOnlyCollection<QueuedEvent> batch, Dictionary<string, QueuedEvent> byId, bool mayRepeat, CancellationToken ct)
    {
        var unique = byId.Values;
        var ids = byId.Keys.ToArray();
        await using var writes = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                new NpgsqlBatchCommand(Settings) { Parameters = { new("traces", Traces.Of(unique)) } },
                new NpgsqlBatchCommand(
                    $"""
                    with written as (
                        insert into processed_events (event_id, kind, entry_id, outcome, received_at)
                        select e.id, left(e.kind, 64), e.entry_id, case when e.has_effect and c.id is not null then 'Applied' else 'Skipped' end, e.received_at
                        from unnest(@ids, @kinds, @entries, @channels, @effects, @received) as e (id, kind, entry_id, channel_id, has_effect, received_at)
                        left join channels c on c.id = e.channel_id and c.erased_at is null
                        order by e.id collate "C"
                        {(mayRepeat ? "on conflict (event_id) do nothing" : "")}
                        returning event_id, outcome = 'Applied' as has_effect
                    ), whole as (select count(*) = cardinality(@ids) as is_fresh from written)
                    select is_fresh, event_id, has_effect from whole left join written on not (is_fresh and has_effect) -- mostly there is little to tell
                    """)
                {
                    Parameters =
                    {
                        new("ids", ids), new("kinds", unique.Select(e => e.Event.Kind).ToArray()),
                        new("entries", unique.Select(e => e.EntryId).ToArray()), new("channels", unique.Select(e => e.Event.ChannelId).ToArray()),
                        new("effects", unique.Select(e => FactSheet.HasEffect(e.Event)).ToArray()), new("received", unique.Select(e => e.ReceivedAt).ToArray()),
                    },
                },
                new NpgsqlBatchCommand("delete from dead_letters where event_id = any(@ids) and exists (select from dead_letters) returning event_id, entry_id") // it was replayed; mostly there are none to look for
                {
                    Parameters = { new("ids", ids) },
                },
            },
        };

        var fresh = new Dictionary<string, bool>(unique.Count);
        var risen = 0;
        await using (var reader = await writes.ExecuteReaderAsync(ct))
        {
            await reader.NextResultAsync(ct);
            while (await reader.ReadAsync(ct))
            {
                if (fresh.Count == 0 && reader.GetBoolean(0)) foreach (var id in ids) fresh.Add(id, true);
                if (!reader.IsDBNull(1)) fresh[reader.GetString(1)] = reader.GetBoolean(2);
            }

            await reader.NextResultAsync(ct);
            while (await reader.ReadAsync(ct))
                if (byId[reader.GetString(0)].EntryId == reader.GetString(1)) risen++;
        }

        return (fresh, fresh.Count == batch.Count ? 0 : await WriteDuplicates(connection, batch, ct), risen);
    }

    private static async Task<int> WriteDuplicates(NpgsqlConnection connection, IReadOnlyCollection<QueuedEvent> batch, CancellationToken ct)
    {
        await using var write = new NpgsqlCommand(
            """
            insert into duplicate_deliveries (entry_id, event_id)
            select d.entry_id, d.event_id from unnest(@entries, @ids) as d (entry_id, event_id)
            join processed_events p on p.event_id = d.event_id and p.entry_id <> d.entry_id
            order by d.entry_id
            on conflict (entry_id) do nothing
            """, connection)
        { Parameters = { new("entries", batch.Select(e => e.EntryId).ToArray()), new("ids", batch.Select(e => e.Event.Id).ToArray()) } };
        return await write.ExecuteNonQueryAsync(ct);
    }

    private static async Task Close(NpgsqlConnection connection, IReadOnlyCollection<string> superseded, Outcomes counts, CancellationToken ct)
    {
        await using var writes = new NpgsqlBatch(connection);
        if (superseded.Count > 0)
            writes.BatchCommands.Add(new NpgsqlBatchCommand("update processed_events set outcome = 'Superseded' where event_id = any(@ids)") { Parameters = { new("ids", superseded.ToArray()) } });
        if (counts != default) writes.BatchCommands.Add(Accounting.Add(counts));
        if (writes.BatchCommands.Count > 0) await writes.ExecuteNonQueryAsync(ct);
    }
}

/// <summary>What a batch did.</summary>
/// <param name="Channels">The channels it spoke of, duplicates included.</param>
public sealed record AppliedBatch(Outcomes Outcomes, IReadOnlyCollection<Guid> Channels);
