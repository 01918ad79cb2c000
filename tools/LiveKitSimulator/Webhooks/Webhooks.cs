using System.Collections.Concurrent;

namespace LiveKitSimulator;

/// <summary>The notifier: a queue for each URL and key, each emptied by one worker in strict order, all of it only in memory.</summary>
public sealed partial class Webhooks(SimulatorOptions options, DeliveryFaults faults, ILogger<Webhooks> log) : IDisposable
{
    private readonly Lock gate = new();
    private readonly WebhookSender sender = new(options);
    private readonly ConcurrentQueue<Record> records = new();
    private Dictionary<(Uri, string), Queue<Record>> queues = [];
    private CancellationTokenSource life = new();

    public IReadOnlyList<Delivery> Deliveries => [.. records.Select(record => record.Snapshot())];

    public int Pending => records.Count(record => record.Outcome is DeliveryOutcome.Pending);

    public void Queue(WebhookEvent @event)
    {
        lock (gate)
        {
            foreach (var url in options.Webhooks)
            {
                var fault = faults.Next();
                var record = new Record(@event, url, fault.Name);
                records.Enqueue(record);
                // As in LiveKit, a full queue at one URL keeps the event from those after it.
                if (!Enqueue(record, fault)) return;
            }
        }
    }

    /// <summary>What a killed LiveKit does to its events: those not yet sent are gone.</summary>
    public void Forget()
    {
        lock (gate)
        {
            life.Cancel();
            life.Dispose();
            life = new CancellationTokenSource();
            queues = [];
            foreach (var record in records) record.Finish(DeliveryOutcome.Lost);
        }
    }

    public void ClearRecords()
    {
        lock (gate)
        {
            var kept = records.Where(record => record.Outcome is DeliveryOutcome.Pending).ToList();
            records.Clear();
            kept.ForEach(records.Enqueue);
        }
    }

    public void Dispose()
    {
        life.Cancel();
        life.Dispose();
        sender.Dispose();
    }

    private bool Enqueue(Record record, DeliveryFault fault)
    {
        switch (fault)
        {
            case { Kind: DeliveryFaultKind.Drop }:
                record.Finish(DeliveryOutcome.Dropped);
                return true;
            case { Kind: DeliveryFaultKind.Reorder }:
                _ = Overtaken(record, fault.Wait, life.Token);
                return true;
            default:
                record.HoldUp = fault.Wait;
                var accepted = Enqueue(record);
                if (!accepted || fault.Kind is not DeliveryFaultKind.Duplicate) return accepted;

                var twin = new Record(record.Event, record.Url, record.Fault);
                records.Enqueue(twin);
                return Enqueue(twin);
        }
    }

    // Its turn comes again later; what is queued meanwhile goes first.
    private async Task Overtaken(Record record, TimeSpan wait, CancellationToken stop)
    {
        await Task.Delay(wait, options.Time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        lock (gate)
        {
            if (!stop.IsCancellationRequested) Enqueue(record);
        }
    }

    private bool Enqueue(Record record)
    {
        var address = (record.Url, record.Event.Key);
        if (!queues.TryGetValue(address, out var queue))
        {
            queues[address] = queue = new Queue<Record>();
            queue.Enqueue(record);
            _ = Work(address, queue, life.Token);
            return true;
        }

        // The head is being sent and no longer waits.
        if (queue.Count > options.MaxQueueDepth)
        {
            record.Finish(DeliveryOutcome.QueueFull);
            Log.Dropped(log, record.Event.Name, record.Event.Id, DeliveryOutcome.QueueFull);
            return false;
        }

        queue.Enqueue(record);
        return true;
    }

    private async Task Work((Uri, string) address, Queue<Record> queue, CancellationToken stop)
    {
        await Task.Yield();
        while (Head() is { } record)
        {
            try
            {
                await Task.Delay(record.HoldUp, options.Time, stop);
                var outcome = options.Time.GetUtcNow() - record.Event.CreatedAt > options.MaxWebhookAge
                    ? DeliveryOutcome.TooOld
                    : await sender.Send(record.Event, record.Url, record.Attempted, stop);
                record.Finish(outcome);
                if (outcome is not DeliveryOutcome.Sent) Log.Dropped(log, record.Event.Name, record.Event.Id, outcome);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            Done();
        }

        Record? Head()
        {
            lock (gate) return !stop.IsCancellationRequested && queue.TryPeek(out var record) ? record : null;
        }

        void Done()
        {
            lock (gate)
            {
                queue.Dequeue();
                if (queue.Count == 0 && queues.TryGetValue(address, out var current) && current == queue) queues.Remove(address);
            }
        }
    }

    private sealed class Record(WebhookEvent @event, Uri url, string? fault)
    {
        private readonly Lock gate = new();
        private readonly List<DeliveryAttempt> attempts = [];

        public WebhookEvent Event { get; } = @event;
        public Uri Url { get; } = url;
        public string? Fault { get; } = fault;
        public TimeSpan HoldUp { get; set; }
        public DeliveryOutcome Outcome { get; private set; }

        public void Attempted(DeliveryAttempt attempt)
        {
            lock (gate) attempts.Add(attempt);
        }

        public void Finish(DeliveryOutcome outcome)
        {
            lock (gate)
            {
                if (Outcome is DeliveryOutcome.Pending) Outcome = outcome;
            }
        }

        public Delivery Snapshot()
        {
            lock (gate) return new Delivery(Event.Id, Event.Name, Event.Key, Url, Event.CreatedAt, Outcome, Fault, [.. attempts]);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "Webhook {Event} {Id} did not arrive: {Outcome}.")]
        public static partial void Dropped(ILogger logger, string @event, string id, DeliveryOutcome outcome);
    }
}
