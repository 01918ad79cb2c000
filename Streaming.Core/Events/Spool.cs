using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace Streaming.Core.Events;

/// <summary>The second store: with Redis away, accepted events wait in Postgres. LiveKit gives up after about 15 s; a Redis restart may take longer.</summary>
public sealed class Spool(NpgsqlDataSource database, TimeProvider time)
{
    private const string Prefix = "spool:";

    public async Task Add(LiveKitEvent @event)
    {
        await using var command = database.CreateCommand(
            """
            with spooled as (
                insert into webhook_spool (event_id, received_at, trace_parent, projection) values (@id, @at, @trace, @projection)
                on conflict (event_id) do nothing returning id)
            insert into accounting as a (page, spooled, duplicate) select @page, 1, 1 - (select count(*) from spooled)
            on conflict (page) do update set spooled = a.spooled + excluded.spooled, duplicate = a.duplicate + excluded.duplicate
            """);
        command.Parameters.AddWithValue("page", AccountPage.Any());
        command.Parameters.AddWithValue("id", @event.Id);
        command.Parameters.AddWithValue("at", time.GetUtcNow());
        command.Parameters.Add(new NpgsqlParameter<string?>("trace", Activity.Current?.Id));
        command.Parameters.AddWithValue("projection", @event.ToJson());
        await command.ExecuteNonQueryAsync();
    }

    public async Task<IReadOnlyList<QueuedEvent>> Peek(int count, CancellationToken ct)
    {
        await using var command = database.CreateCommand("select id, received_at, trace_parent, projection from webhook_spool order by id limit @count");
        command.Parameters.AddWithValue("count", count);
        var events = new List<QueuedEvent>();
        await using var row = await command.ExecuteReaderAsync(ct);
        while (await row.ReadAsync(ct))
        {
            events.Add(new QueuedEvent(
                Prefix + row.GetInt64(0).ToString(CultureInfo.InvariantCulture), LiveKitEvent.FromJson(row.GetFieldValue<byte[]>(3)), row.GetFieldValue<DateTimeOffset>(1), row.IsDBNull(2) ? null : row.GetString(2)));
        }

        return events;
    }

    /// <summary>After their effect is committed; a crash in between is the inbox's problem.</summary>
    public async Task Done(IReadOnlyCollection<string> entryIds)
    {
        await using var command = database.CreateCommand("delete from webhook_spool where id = any(@ids)");
        command.Parameters.AddWithValue("ids", entryIds.Select(id => long.Parse(id.AsSpan(Prefix.Length), CultureInfo.InvariantCulture)).ToArray());
        await command.ExecuteNonQueryAsync();
    }
}
