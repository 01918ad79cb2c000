using System.Diagnostics;
using Npgsql;

namespace Streaming.Core.Events;

/// <summary>The second store: with Redis away, accepted events wait in Postgres. LiveKit gives up after about 15 s; a Redis restart may take longer.</summary>
public sealed class Spool(NpgsqlDataSource database, TimeProvider time)
{
    public async Task Add(LiveKitEvent @event, CancellationToken ct)
    {
        await using var command = database.CreateCommand(
            "insert into webhook_spool (event_id, received_at, trace_parent, projection) values (@id, @at, @trace, @projection) on conflict (event_id) do nothing");
        command.Parameters.AddWithValue("id", @event.Id);
        command.Parameters.AddWithValue("at", time.GetUtcNow());
        command.Parameters.Add(new NpgsqlParameter<string?>("trace", Activity.Current?.Id));
        command.Parameters.AddWithValue("projection", @event.ToJson());
        await command.ExecuteNonQueryAsync(ct);
    }

    public async Task<IReadOnlyList<QueuedEvent>> Peek(int count, CancellationToken ct)
    {
        await using var command = database.CreateCommand("select event_id, received_at, trace_parent, projection from webhook_spool order by received_at limit @count");
        command.Parameters.AddWithValue("count", count);
        var events = new List<QueuedEvent>();
        await using var row = await command.ExecuteReaderAsync(ct);
        while (await row.ReadAsync(ct))
        {
            events.Add(new QueuedEvent(
                row.GetString(0), LiveKitEvent.FromJson(row.GetFieldValue<byte[]>(3)), row.GetFieldValue<DateTimeOffset>(1), row.IsDBNull(2) ? null : row.GetString(2)));
        }

        return events;
    }

    /// <summary>After their effect is committed; a crash in between is the inbox's problem.</summary>
    public async Task Done(IReadOnlyCollection<string> eventIds)
    {
        await using var command = database.CreateCommand("delete from webhook_spool where event_id = any(@ids)");
        command.Parameters.AddWithValue("ids", eventIds.ToArray());
        await command.ExecuteNonQueryAsync();
    }
}
