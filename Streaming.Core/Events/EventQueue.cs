using System.Diagnostics;
using System.Text.Json;
using StackExchange.Redis;

namespace Streaming.Core.Events;

/// <summary>
/// The one Redis stream between the webhook and the worker. An entry is durable when it is acknowledged (Redis fsyncs each
/// write) and leaves the stream only after its effect is committed.
/// </summary>
public sealed class EventQueue(IConnectionMultiplexer redis, TimeProvider time)
{
    public const string StreamKey = "livekit:events";
    public const string Group = "workers";

    /// <summary>Names the life that this stream is in: gone, with the stream, when Redis loses its data.</summary>
    public const string LifeKey = "livekit:events:life";

    private const string Version = "1";

    private const string AcknowledgeAndRemove =
        """
        redis.call('XACK', KEYS[1], ARGV[1], unpack(ARGV, 2))
        return redis.call('XDEL', KEYS[1], unpack(ARGV, 2))
        """;

    /// <summary>Throws what StackExchange.Redis throws when Redis did not say yes: the entry may be there all the same.</summary>
    public async Task Enqueue(LiveKitEvent @event) =>
        await redis.GetDatabase().StreamAddAsync(StreamKey,
        [
            new("v", Version),
            new("at", time.GetUtcNow().ToUnixTimeMilliseconds()),
            new("tp", Activity.Current?.Id ?? ""),
            new("body", @event.ToJson()),
        ]);

    /// <summary>
    /// Creates the group from the stream's beginning, so that a group made anew sees the backlog. Looks before it does: a full Redis lets
    /// a group be read but not created, not even one that exists.
    /// </summary>
    public async Task EnsureGroup()
    {
        var database = redis.GetDatabase();
        if (await database.KeyExistsAsync(StreamKey) && (await database.StreamGroupInfoAsync(StreamKey)).Any(g => g.Name == Group)) return;
        try
        {
            await database.StreamCreateConsumerGroupAsync(StreamKey, Group, StreamPosition.Beginning);
        }
        catch (RedisServerException e) when (e.Message.StartsWith("BUSYGROUP", StringComparison.Ordinal))
        {
            // Another worker, or an earlier start, made it.
        }
    }

    /// <summary>Entries nobody has read yet. An empty answer means there are none now.</summary>
    public async Task<IReadOnlyList<QueuedEvent>> Read(string consumer, int count) =>
        Parse(await redis.GetDatabase().StreamReadGroupAsync(StreamKey, Group, consumer, StreamPosition.NewMessages, count));

    /// <summary>Takes over entries whose consumer has not finished them within the lease: it died, or is stuck.</summary>
    public async Task<IReadOnlyList<QueuedEvent>> Claim(string consumer, TimeSpan lease, int count)
    {
        var claimed = await redis.GetDatabase().StreamAutoClaimAsync(StreamKey, Group, consumer, (long)lease.TotalMilliseconds, "0-0", count);
        return Parse(claimed.ClaimedEntries);
    }

    /// <summary>What this consumer was handed and has not finished: after a failure of Redis that includes entries whose answer never arrived.</summary>
    public async Task<IReadOnlyList<QueuedEvent>> ReadAgain(string consumer, string after, int count) =>
        Parse(await redis.GetDatabase().StreamReadGroupAsync(StreamKey, Group, consumer, after, count));

    /// <summary>How often each of this consumer's pending entries has been handed out.</summary>
    public async Task<IReadOnlyDictionary<string, int>> DeliveryCounts(string consumer, int count)
    {
        var pending = await redis.GetDatabase().StreamPendingMessagesAsync(StreamKey, Group, count, consumer);
        return pending.ToDictionary(p => p.MessageId.ToString(), p => p.DeliveryCount);
    }

    /// <summary>
    /// Acknowledges and removes in one step: apart, a crash between the two would leave entries for ever. Not as MULTI, in which a
    /// full Redis takes no command at all: it could never be emptied.
    /// </summary>
    public async Task Done(IReadOnlyCollection<string> entryIds)
    {
        if (entryIds.Count == 0) return;
        await redis.GetDatabase().ScriptEvaluateAsync(AcknowledgeAndRemove, [StreamKey], [Group, .. entryIds.Select(id => (RedisValue)id)]);
    }

    public static bool IsGroupMissing(RedisServerException e) => e.Message.StartsWith("NOGROUP", StringComparison.Ordinal);

    private QueuedEvent[] Parse(StreamEntry[] entries) => [.. entries.Where(e => !e.IsNull).Select(Parse)];

    private QueuedEvent Parse(StreamEntry entry)
    {
        try
        {
            var at = (long)entry["at"];
            var trace = (string?)entry["tp"];
            var body = (byte[]?)entry["body"] ?? throw new JsonException("The entry has no body.");
            return new QueuedEvent(entry.Id.ToString(), LiveKitEvent.FromJson(body), DateTimeOffset.FromUnixTimeMilliseconds(at), trace is { Length: > 0 } ? trace : null);
        }
        catch (Exception e) when (e is JsonException or InvalidCastException or ArgumentOutOfRangeException)
        {
            var unreadable = new LiveKitEvent { Id = $"entry:{entry.Id}", Kind = EventKinds.Unreadable, Unreadable = "not an entry of this product" };
            return new QueuedEvent(entry.Id.ToString(), unreadable, time.GetUtcNow(), null);
        }
    }
}
