using System.Diagnostics;
using System.Globalization;
using Npgsql;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Faults.Scenarios;

/// <summary>
/// Nothing is broken: how many events get through from the webhook to their effect, and how long one takes at half that rate. A machine has its
/// moments, so what is asked is whether one of a few tries gets there.
/// </summary>
public static class Calm
{
    private const int WarmUp = 20_000, AtLeastPerSecond = 1_000, Rate = 500, Tries = 3;
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(1), Patience = TimeSpan.FromMinutes(2);

    public static async Task<Verdict> Play(FaultRun run)
    {
        var (flat, paced) = (run.Times(8_000, 100_000), Rate * run.Times(8, 60));
        await using var system = await FaultSystem.StartAsync(run);
        var told = new Queue<Webhook>(Broadcasts.Of(await system.NewChannels(150), WarmUp + (Tries * (flat + paced)), run.Seed));
        var sent = 0;
        var address = FaultSystem.NewAddress();
        await Task.WhenAll(system.StartApi(address), system.StartWorker());
        var history = new History();
        using var atOnce = new Publisher(history, address);
        using var steadily = new Publisher(history, address) { PerSecond = Rate };
        await Send(atOnce, Next(WarmUp)); // what is compiled when it has been called often is no part of the measure

        var rates = await Try(FlatOut, perSecond => perSecond >= AtLeastPerSecond);
        var p99s = await Try(Paced, p99 => p99 <= Fresh);
        var (fastest, freshest) = (rates.Max(), p99s.Min());

        var verdict = await new Oracle(system, history).Judge(string.Create(
            CultureInfo.InvariantCulture, $"none: {fastest:#,0}/s from webhook to effect; at {Rate}/s seen within {freshest.TotalSeconds:0.00} s (p99 of {paced}); tries: {rates.Count} and {p99s.Count}"));
        return verdict.And(
            fastest < AtLeastPerSecond ? $"{fastest:0}/s got through." : null,
            freshest > Fresh ? $"At {Rate}/s the p99 from accepted to seen is {freshest.TotalSeconds:0.00} s." : null);

        IReadOnlyList<Webhook> Next(int count) => [.. Enumerable.Range(0, count).Select(_ => told.Dequeue())];

        async Task Send(Publisher publisher, IReadOnlyCollection<Webhook> webhooks)
        {
            await publisher.Send(webhooks, queues: 64);
            sent += webhooks.Count;
            await Eventually.True(async () => await system.Count("processed_events") == sent, within: Patience);
        }

        async Task<double> FlatOut()
        {
            var started = Stopwatch.GetTimestamp();
            await Send(atOnce, Next(flat));
            return flat / Stopwatch.GetElapsedTime(started).TotalSeconds;
        }

        async Task<TimeSpan> Paced()
        {
            var these = Next(paced);
            using var stop = new CancellationTokenSource();
            var watching = Watch(these, stop.Token);
            await Send(steadily, these);
            await stop.CancelAsync();
            var delays = (await watching).Order().ToList();
            return delays[(int)(delays.Count * 0.99)];
        }

        // When an effect can be seen by others, which is a little after its transaction began: so it is looked for, and not computed.
        async Task<IReadOnlyList<TimeSpan>> Watch(IReadOnlyList<Webhook> webhooks, CancellationToken ct)
        {
            var seen = new Dictionary<string, DateTimeOffset>();
            var since = TimeProvider.System.GetUtcNow();
            for (var isLast = false; !isLast;)
            {
                isLast = ct.IsCancellationRequested; // by then all is applied
                var now = TimeProvider.System.GetUtcNow();
                var rows = await system.Database.Rows("select event_id from processed_events where processed_at >= @since", new NpgsqlParameter("since", since));
                foreach (var id in rows) seen.TryAdd(id, TimeProvider.System.GetUtcNow());
                since = now.AddSeconds(-10); // no transaction of the worker's lasts longer
                await Task.Delay(50, CancellationToken.None);
            }

            return [.. webhooks.Select(w => seen[w.Id] - history.Accepted[w.Id])];
        }
    }

    /// <summary>What was measured until it was enough, or often.</summary>
    private static async Task<IReadOnlyList<T>> Try<T>(Func<Task<T>> measure, Func<T, bool> isEnough)
    {
        var measured = new List<T>();
        do measured.Add(await measure());
        while (!isEnough(measured[^1]) && measured.Count < Tries);
        return measured;
    }
}
