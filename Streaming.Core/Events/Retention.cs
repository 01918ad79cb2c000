using Npgsql;
using StackExchange.Redis;
using Streaming.Core.Data;
using Streaming.Core.Idempotency;
using Streaming.Core.Viewers;

namespace Streaming.Core.Events;

/// <summary>
/// Forgets what nobody needs any more, a bounded piece at a time. What is kept is kept far longer than LiveKit can repeat itself: its
/// signatures live five minutes.
/// </summary>
public sealed class Retention(NpgsqlDataSource database, IConnectionMultiplexer redis)
{
    /// <summary>Ids of events, and of deliveries of them.</summary>
    public static readonly TimeSpan EventIds = TimeSpan.FromDays(30);

    /// <summary>Who was in a room, after the room was closed or he left.</summary>
    public static readonly TimeSpan Presences = TimeSpan.FromDays(7);

    /// <summary>Dead letters that nobody resolved, and corrections.</summary>
    public static readonly TimeSpan Evidence = TimeSpan.FromDays(90);

    /// <summary>What people were told of broadcasts.</summary>
    public static readonly TimeSpan Notices = TimeSpan.FromDays(30);

    /// <summary>Names of workers that read nothing for so long, and hold nothing.</summary>
    public static readonly TimeSpan Consumers = TimeSpan.FromHours(1);

    private const int Piece = 5000;

    private static readonly (string Table, string Where, TimeSpan Keep)[] Rules =
    [
        ("processed_events", "processed_at < now() - @keep", EventIds),
        ("duplicate_deliveries", "at < now() - @keep", EventIds),
        ("presences", "not is_present and coalesce(left_at, missing_at) < now() - @keep", Presences),
        ("presences", "room_sid in (select room_sid from room_sessions where finished_at < now() - @keep)", Presences),
        ("dead_letters", "last_at < now() - @keep", Evidence),
        ("corrections", "at < now() - @keep", Evidence),
        ("notices", "at < now() - @keep", Notices),
        ("notice_fan_outs", "closed_at < now() - @keep", Notices),
        ("ingress_holds", "until < now() - @keep", Consumers),
        ("remembered_requests", "created_at < now() - @keep", RememberedRequests.Kept),
        ("guest_addresses", "noted_at < now() - @keep", GuestAddress.Kept),
    ];

    /// <summary>A name that holds entries must stay: they are claimed from it. So it is asked and deleted in one step.</summary>
    private const string DeleteIdleConsumers =
        """
        local deleted = 0
        if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
        for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
            local facts = {}
            for i = 1, #consumer, 2 do facts[consumer[i]] = consumer[i + 1] end
            if facts['idle'] > tonumber(ARGV[2]) and #redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1, facts['name']) == 0 then
                redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], facts['name'])
                deleted = deleted + 1
            end
        end
        return deleted
        """;

    /// <returns>How many rows were deleted.</returns>
    public async Task<long> DeleteOldRows(CancellationToken ct)
    {
        var deleted = 0L;
        await using var connection = await database.OpenConnectionAsync(ct);
        await PostgresLimits.Lift(connection, ct);
        foreach (var (table, where, keep) in Rules)
        {
            int piece;
            do
            {
                await using var command = new NpgsqlCommand($"delete from {table} where ctid = any(array(select ctid from {table} where {where} limit {Piece}))", connection) { CommandTimeout = 0 };
                command.Parameters.AddWithValue("keep", keep);
                deleted += piece = await command.ExecuteNonQueryAsync(ct);
            }
            while (piece == Piece);
        }

        return deleted;
    }

    /// <param name="idle">How long, at least, a name has read nothing: <see cref="Consumers"/>.</param>
    /// <returns>How many names were deleted.</returns>
    public async Task<long> DeleteIdleConsumerNames(TimeSpan idle) => (long)await redis.GetDatabase().ScriptEvaluateAsync(
        DeleteIdleConsumers, [EventQueue.StreamKey], [EventQueue.Group, (long)idle.TotalMilliseconds]);
}
