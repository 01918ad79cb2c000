using Npgsql;
using Streaming.Core.Sessions;
using Streaming.Core.Viewers;

namespace Streaming.Core.Events;

/// <summary>
/// Applies accepted events: inbox and effects in one transaction. Effects are facts merged into rows by minimum, maximum or "or",
/// so the rows are the same whatever the order, the repetition and the division into batches.
/// </summary>
public sealed class EventApplier(NpgsqlDataSource database)
{
    /// <summary>All of the batch or, when it throws, nothing of it.</summary>
    public async Task<AppliedBatch> Apply(IReadOnlyCollection<QueuedEvent> batch, CancellationToken ct)
    {
        var unique = batch.DistinctBy(e => e.Event.Id).ToDictionary(e => e.Event.Id);
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var outcomes = await WriteInbox(connection, unique.Values, ct);
        var applied = outcomes.Where(o => o.Outcome == EventOutcome.Applied).Select(o => unique[o.EventId].Event).ToList();

        var facts = FactSheet.Of(applied);
        if (facts.ChangedChannels.Length > 0)
        {
            var windows = await SessionWrites.LockChannels(connection, facts.ChangedChannels, ct);
            await WriteFacts(connection, facts, ct);
            await SessionWrites.Derive(connection, windows, facts.ChangedSegments, facts.ChangedRooms, ct);
        }
        else if (facts.RoomSids.Count > 0)
        {
            await WriteFacts(connection, facts, ct);
        }

        await transaction.CommitAsync(ct);
        var channels = batch.Select(e => e.Event.ChannelId).OfType<Guid>().Distinct().ToArray(); // duplicates too: the first time may have crashed before its refresh
        return new AppliedBatch(applied.Count, outcomes.Count - applied.Count, batch.Count - outcomes.Count, channels);
    }

    private static async Task<List<(string EventId, EventOutcome Outcome)>> WriteInbox(NpgsqlConnection connection, IReadOnlyCollection<QueuedEvent> batch, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(
            """
            insert into processed_events (event_id, kind, outcome, received_at)
            select e.id, left(e.kind, 64), case when e.has_effect and c.id is not null then 'Applied' else 'Skipped' end, e.received_at
            from unnest(@ids, @kinds, @channels, @effects, @received) as e (id, kind, channel_id, has_effect, received_at)
            left join channels c on c.id = e.channel_id
            order by e.id
            on conflict (event_id) do nothing
            returning event_id, outcome
            """, connection);
        command.Parameters.AddWithValue("ids", batch.Select(e => e.Event.Id).ToArray());
        command.Parameters.AddWithValue("kinds", batch.Select(e => e.Event.Kind).ToArray());
        command.Parameters.AddWithValue("channels", batch.Select(e => e.Event.ChannelId).ToArray());
        command.Parameters.AddWithValue("effects", batch.Select(e => FactSheet.HasEffect(e.Event)).ToArray());
        command.Parameters.AddWithValue("received", batch.Select(e => e.ReceivedAt).ToArray());

        var outcomes = new List<(string, EventOutcome)>(batch.Count);
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct)) outcomes.Add((reader.GetString(0), Enum.Parse<EventOutcome>(reader.GetString(1))));
        return outcomes;
    }

    private static async Task WriteFacts(NpgsqlConnection connection, FactSheet facts, CancellationToken ct)
    {
        await using var writes = new NpgsqlBatch(connection);
        writes.BatchCommands.Add(new NpgsqlBatchCommand(
            """
            insert into room_sessions (room_sid, channel_id, started_at, finished_at)
            select sid, (min(channel_id::text))::uuid, max(started_at), min(finished_at)
            from unnest(@sids, @channels, @started, @finished) as f (sid, channel_id, started_at, finished_at)
            group by sid order by sid
            on conflict (room_sid) do update set
                started_at = greatest(room_sessions.started_at, excluded.started_at),
                finished_at = least(room_sessions.finished_at, excluded.finished_at)
            where excluded.started_at is not null or excluded.finished_at is not null
            """)
        {
            Parameters =
            {
                new("sids", facts.RoomSids.ToArray()), new("channels", facts.RoomChannels.ToArray()),
                new("started", facts.RoomStarted.ToArray()), new("finished", facts.RoomFinished.ToArray()),
            },
        });

        if (facts.ParticipantSids.Count > 0)
        {
            writes.BatchCommands.Add(new NpgsqlBatchCommand(
                """
                insert into presences (participant_sid, room_sid, channel_id, role, person, joined_at, left_at)
                select sid, min(room_sid), (min(channel_id::text))::uuid, min(role), min(person), min(joined_at), min(left_at)
                from unnest(@sids, @rooms, @channels, @roles, @persons, @joined, @left) as f (sid, room_sid, channel_id, role, person, joined_at, left_at)
                group by sid order by sid
                on conflict (participant_sid) do update set
                    joined_at = least(presences.joined_at, excluded.joined_at),
                    left_at = least(presences.left_at, excluded.left_at)
                """)
            {
                Parameters =
                {
                    new("sids", facts.ParticipantSids.ToArray()), new("rooms", facts.ParticipantRooms.ToArray()),
                    new("channels", facts.ParticipantChannels.ToArray()), new("roles", facts.ParticipantRoles.ToArray()),
                    new("persons", facts.ParticipantPersons.ToArray()), new("joined", facts.ParticipantJoined.ToArray()),
                    new("left", facts.ParticipantLeft.ToArray()),
                },
            });
        }

        if (facts.Segments.Count > 0)
        {
            writes.BatchCommands.Add(new NpgsqlBatchCommand(
                """
                insert into ingest_segments (resource_id, channel_id, source, ingress_id, room_sid, started_at, stopped_at, left_at, is_displaced, failure)
                select id, (min(channel_id::text))::uuid, min(source), min(ingress_id), min(room_sid), min(started_at), min(stopped_at), min(left_at),
                       bool_or(is_displaced), max(failure)
                from unnest(@ids, @channels, @sources, @ingresses, @rooms, @started, @stopped, @left, @displaced, @failures)
                     as f (id, channel_id, source, ingress_id, room_sid, started_at, stopped_at, left_at, is_displaced, failure)
                group by id order by id
                on conflict (resource_id) do update set
                    ingress_id = coalesce(ingest_segments.ingress_id, excluded.ingress_id),
                    started_at = least(ingest_segments.started_at, excluded.started_at),
                    stopped_at = least(ingest_segments.stopped_at, excluded.stopped_at),
                    left_at = least(ingest_segments.left_at, excluded.left_at),
                    is_displaced = ingest_segments.is_displaced or excluded.is_displaced,
                    failure = greatest(ingest_segments.failure, excluded.failure)
                """)
            {
                Parameters =
                {
                    new("ids", facts.Segments.Select(s => s.ResourceId).ToArray()), new("channels", facts.Segments.Select(s => s.ChannelId).ToArray()),
                    new("sources", facts.Segments.Select(s => s.Source.ToString()).ToArray()), new("ingresses", facts.Segments.Select(s => s.IngressId).ToArray()),
                    new("rooms", facts.Segments.Select(s => s.RoomSid).ToArray()), new("started", facts.Segments.Select(s => s.StartedAt).ToArray()),
                    new("stopped", facts.Segments.Select(s => s.StoppedAt).ToArray()), new("left", facts.Segments.Select(s => s.LeftAt).ToArray()),
                    new("displaced", facts.Segments.Select(s => s.IsDisplaced).ToArray()), new("failures", facts.Segments.Select(s => s.Failure).ToArray()),
                },
            });
        }

        await writes.ExecuteNonQueryAsync(ct);
    }
}

/// <summary>What a batch did.</summary>
/// <param name="Duplicates">Events that had been applied before.</param>
/// <param name="Channels">The channels it spoke of, duplicates included.</param>
public sealed record AppliedBatch(int Applied, int Skipped, int Duplicates, IReadOnlyCollection<Guid> Channels);
