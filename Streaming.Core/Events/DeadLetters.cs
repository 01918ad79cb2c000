using System.Text;
using Npgsql;
using NpgsqlTypes;

namespace Streaming.Core.Events;

/// <summary>Where events go that were accepted but cannot be applied. Written before the entry leaves the queue.</summary>
public sealed class DeadLetters(NpgsqlDataSource database)
{
    /// <summary>Keeps the event with the reason; a second time only renews the reason and the count. Nothing is written for an event that has been applied.</summary>
    public async Task Add(QueuedEvent entry, string reason, int attempts, CancellationToken ct)
    {
        await using var command = database.CreateCommand(
            """
            insert into dead_letters (event_id, entry_id, kind, room, projection, reason, attempts, first_at, last_at)
            select @id, @entry, @kind, @room, @projection, @reason, @attempts, now(), now()
            where not exists (select 1 from processed_events where event_id = @id)
            on conflict (event_id) do update set reason = excluded.reason, attempts = excluded.attempts, last_at = excluded.last_at
            """);
        command.Parameters.AddWithValue("id", entry.Event.Id);
        command.Parameters.AddWithValue("entry", entry.EntryId);
        command.Parameters.AddWithValue("kind", entry.Event.Kind);
        command.Parameters.Add(new NpgsqlParameter<string?>("room", entry.Event.RoomName));
        command.Parameters.Add(new NpgsqlParameter("projection", NpgsqlDbType.Jsonb) { Value = Encoding.UTF8.GetString(entry.Event.ToJson()) });
        command.Parameters.AddWithValue("reason", reason);
        command.Parameters.AddWithValue("attempts", attempts);
        await command.ExecuteNonQueryAsync(ct);
    }
}
