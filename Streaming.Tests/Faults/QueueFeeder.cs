using System.Diagnostics;
using StackExchange.Redis;
using Streaming.Core.Events;

namespace Streaming.Tests.Faults;

/// <summary>Puts events into the queue as the API does, where a scenario is about what comes after. What Redis acknowledges is accepted.</summary>
public sealed class QueueFeeder(EventQueue queue, History history)
{
    public Task Enqueue(IEnumerable<Webhook> webhooks) => Task.WhenAll(webhooks.Select(Enqueue));

    public async Task Enqueue(Webhook webhook)
    {
        var started = Stopwatch.GetTimestamp();
        try
        {
            await queue.Enqueue(webhook.Event);
            history.Record(webhook, Answer.Accepted, Stopwatch.GetElapsedTime(started));
        }
        catch (Exception e) when (e is RedisException or TimeoutException)
        {
            history.Record(webhook, Answer.Unknown, Stopwatch.GetElapsedTime(started));
        }
    }
}
