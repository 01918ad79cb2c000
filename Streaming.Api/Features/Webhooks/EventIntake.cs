using StackExchange.Redis;
using Streaming.Core;
using Streaming.Core.Data;
using Streaming.Core.Events;

namespace Streaming.Api.Features.Webhooks;

/// <summary>Makes an event durable: in Redis or, with Redis away, in Postgres. Postgres is not touched while Redis is well.</summary>
public sealed partial class EventIntake(EventQueue queue, Spool spool, TimeProvider time, ILogger<EventIntake> log)
{
    private static readonly TimeSpan RedisBudget = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan PostgresBudget = TimeSpan.FromSeconds(1.4);

    /// <returns>Whether it is durable. False within three seconds means that it may be or may not be: LiveKit will send it again, and the inbox sorts it out.</returns>
    public async Task<bool> Accept(LiveKitEvent @event)
    {
        var store = await TryQueue(@event) ? "redis" : await TrySpool(@event) ? "postgres" : null;
        if (store is null)
        {
            Telemetry.Unstorable.Add(1);
            return false;
        }

        Telemetry.Accepted.Add(1, new("store", store), new("kind", @event.Kind));
        if (@event.CreatedAt != default) Telemetry.IntakeLag.Record((time.GetUtcNow() - @event.CreatedAt).TotalSeconds);
        Log.Accepted(log, @event.Id, @event.Kind, store);
        return true;
    }

    private async Task<bool> TryQueue(LiveKitEvent @event)
    {
        try
        {
            await Within(RedisBudget, queue.Enqueue(@event));
            return true;
        }
        catch (Exception e) // whatever it is, Postgres has not been asked yet
        {
            Log.RedisAway(log, @event.Id, e.GetType().Name);
            return false;
        }
    }

    private async Task<bool> TrySpool(LiveKitEvent @event)
    {
        try
        {
            await Within(PostgresBudget, spool.Add(@event));
            return true;
        }
        catch (Exception e) when (Failures.IsTransient(e))
        {
            Log.NothingDurable(log, @event.Id, e.GetType().Name);
            return false;
        }
    }

    /// <summary>Leaves behind what takes longer, rather than cancel it: a store that stands still does not notice, and the attempt would take a thread.</summary>
    private static async Task Within(TimeSpan budget, Task attempt)
    {
        _ = attempt.ContinueWith(left => left.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default); // seen, if nobody waits any more
        await attempt.WaitAsync(budget);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Debug, Message = "Accepted {EventId} ({Kind}) into {Store}")]
        public static partial void Accepted(ILogger logger, string eventId, string kind, string store);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Redis did not take {EventId} ({Failure}): spooling it")]
        public static partial void RedisAway(ILogger logger, string eventId, string failure);

        [LoggerMessage(Level = LogLevel.Error, Message = "Neither store took {EventId} ({Failure}): LiveKit is asked to send it again")]
        public static partial void NothingDurable(ILogger logger, string eventId, string failure);
    }
}
