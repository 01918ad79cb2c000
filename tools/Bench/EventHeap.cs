using Bench.Load;
using StackExchange.Redis;
using Streaming.Core.Events;
using Streaming.Core.LiveKit;

namespace Bench;

/// <summary>A stream of new events, written as the API does it but out of everybody's sight, and then there all at once.</summary>
/// <param name="elsewhere">Another database of the same Redis.</param>
internal sealed class EventHeap(IConnectionMultiplexer elsewhere, Webhooks webhooks)
{
    private readonly EventQueue _queue = new(elsewhere, TimeProvider.System);

    private IDatabase Redis => elsewhere.GetDatabase();

    public async Task FillAsync(int events, string group)
    {
        await Redis.KeyDeleteAsync(EventQueue.StreamKey);
        await Redis.StreamCreateConsumerGroupAsync(EventQueue.StreamKey, group, StreamPosition.Beginning);
        foreach (var some in webhooks.BodiesOfAllChannels(events).Select(body => WireEvent.Read(body)).Chunk(500)) await Task.WhenAll(some.Select(_queue.Enqueue));
    }

    public Task GiveAsync(string key) => Redis.ExecuteAsync("COPY", EventQueue.StreamKey, key, "DB", "0", "REPLACE");
}
