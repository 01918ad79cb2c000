using System.Text;
using Npgsql;
using NpgsqlTypes;

namespace Streaming.Core.Events;

/// <summary>Where events go that were accepted but cannot be applied. Written before the entry leaves the queue.</summary>
public sealed class DeadLetters(NpgsqlDataSource database)
{
    /// <summary>
    /// Keeps the event with the reason; a second time only renews the reason and the count. Nothing is kept of an event that has been
    /// applied: the inbox row taken for the length of this transaction makes whoever applies it at this moment go first, or last.
    /// </summary>
    public async Task Add(QueuedEvent entry, string reason, int attempts, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var died = await TakeInbox(connection, entry, ct) && await Keep(connection, entry, reason, attempts, ct);
        await using var writes = new NpgsqlBatch(connection)
        {
            BatchCommands = { Accounting.Add(died ? new Outcomes { Dead = 1 } : new Outcomes { Duplicate = await Repeated(connection, entry, ct) }) },
        };
        await writes.ExecuteNonQueryAsync(ct);
        await transaction.CommitAsync(ct);
    }

    /// <summary>Those that nobody has resolved, by id: an order that does not change while pages are read and letters resolved.</summary>
    /// <param name="after">The last event id of the page before.</param>
    public async Task<IReadOnlyList<DeadLetterSummary>> List(int count, string? after, CancellationToken ct)
    {
        await using var command = database.CreateCommand(
            """
            select event_id, kind, room, reason, attempts, first_at, last_at, projection from dead_letters
            where @after::text is null or event_id > @after
            order by event_id limit @count
            """);
        command.Parameters.Add(new NpgsqlParameter<string?>("after", after));
        command.Parameters.AddWithValue("count", count);
        var letters = new List<DeadLetterSummary>();
        await using var row = await command.ExecuteReaderAsync(ct);
        while (await row.ReadAsync(ct))
        {
            letters.Add(new DeadLetterSummary(
                row.GetString(0), row.GetString(1), row.IsDBNull(2) ? null : row.GetString(2), row.GetString(3), row.GetInt32(4),
                row.GetFieldValue<DateTimeOffset>(5), row.GetFieldValue<DateTimeOffset>(6), row.GetString(7)));
        }

        return letters;
    }

    public async Task<long> Count(CancellationToken ct)
    {
        await using var command = database.CreateCommand("select count(*) from dead_letters");
        return (long)(await command.ExecuteScalarAsync(ct))!;
    }

    /// <returns>Null when there is none with this id.</returns>
    public async Task<LiveKitEvent?> Find(string eventId, CancellationToken ct)
    {
        await using var command = database.CreateCommand("select projection from dead_letters where event_id = @id");
        command.Parameters.AddWithValue("id", eventId);
        return await command.ExecuteScalarAsync(ct) is string projection ? LiveKitEvent.FromJson(Encoding.UTF8.GetBytes(projection)) : null;
    }

    private static async Task<bool> TakeInbox(NpgsqlConnection connection, QueuedEvent entry, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(
            "insert into processed_events (event_id, kind, entry_id, outcome, received_at) values (@id, '', '', 'Skipped', now()) on conflict do nothing", connection);
        command.Parameters.AddWithValue("id", entry.Event.Id);
        return await command.ExecuteNonQueryAsync(ct) > 0;
    }

    /// <returns>Whether this delivery is the one that died; else the event was dead already.</returns>
    private static async Task<bool> Keep(NpgsqlConnection connection, QueuedEvent entry, string reason, int attempts, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(
            """
            with untaken as (delete from processed_events where event_id = @id)
            insert into dead_letters as d (event_id, entry_id, kind, room, projection, reason, attempts, first_at, last_at)
            values (@id, @entry, @kind, @room, @projection, @reason, @attempts, now(), now())
            on conflict (event_id) do update set reason = excluded.reason, attempts = excluded.attempts, last_at = excluded.last_at
            returning xmax = 0
            """, connection);
        command.Parameters.AddWithValue("id", entry.Event.Id);
        command.Parameters.AddWithValue("entry", entry.EntryId);
        command.Parameters.AddWithValue("kind", entry.Event.Kind);
        command.Parameters.Add(new NpgsqlParameter<string?>("room", entry.Event.RoomName));
        command.Parameters.Add(new NpgsqlParameter("projection", NpgsqlDbType.Jsonb) { Value = Encoding.UTF8.GetString(entry.Event.ToJson()) });
        command.Parameters.AddWithValue("reason", reason);
        command.Parameters.AddWithValue("attempts", attempts);
        return (bool)(await command.ExecuteScalarAsync(ct))!;
    }

    private static async Task<long> Repeated(NpgsqlConnection connection, QueuedEvent entry, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(
            """
            insert into duplicate_deliveries (entry_id, event_id)
            select @entry, @id
            where not exists (select 1 from processed_events where event_id = @id and entry_id = @entry)
              and not exists (select 1 from dead_letters where event_id = @id and entry_id = @entry)
            on conflict (entry_id) do nothing
            """, connection);
        command.Parameters.AddWithValue("entry", entry.EntryId);
        command.Parameters.AddWithValue("id", entry.Event.Id);
        return await command.ExecuteNonQueryAsync(ct);
    }
}

/// <param name="Kind">LiveKit's name of the event.</param>
/// <param name="Reason">Why it could not be applied.</param>
/// <param name="Attempts">How often that was tried.</param>
/// <param name="FirstAt">When it became a dead letter.</param>
/// <param name="LastAt">When it last did.</param>
/// <param name="Projection">What we keep of the event, as JSON. No secret is ever part of it.</param>
public sealed record DeadLetterSummary(
    string EventId, string Kind, string? Room, string Reason, int Attempts, DateTimeOffset FirstAt, DateTimeOffset LastAt, string Projection);
