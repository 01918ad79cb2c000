using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace Streaming.Tests.Faults.Scenarios;

/// <summary>
/// Nothing is broken: how many events get through from the webhook to their effect, and how long one takes at half that rate. A machine has its
/// moments, so what is asked is whether one of a few tries gets there.
/// </summary>
public static class Calm
{
    private const int WarmUp = 20_000, AtLeastPerSecond = 1_000, Rate = 500, Tries = 3;
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(1);

    public static async Task<Verdict> Play(FaultRun run)
    {
        var (flat, paced) = (run.Times(8_000, 100_000), Rate * run.Times(8, 60));
        await using var system = await FaultSystem.StartAsync(run);
        var told = new Queue<Webhook>(Broadcasts.Of(await system.NewChannels(150), WarmUp + (Tries * (flat + paced)), run.Seed));
        var sent = 0;
        var address = FaultSystem.NewAddress();
        await Task.WhenAll(system.StartApi(address), system.StartWorker());
        var history = new History();
        await Send(Next(WarmUp)); // what is compiled when it has been called often is no part of the measure

        var fastest = await BestOf(FlatOut, (one, other) => one > other, perSecond => perSecond >= AtLeastPerSecond);
        var freshest = await BestOf(Paced, (one, other) => one < other, p99 => p99 <= Fresh);

        var verdict = await new Oracle(system, history).Judge(string.Create(
            CultureInfo.InvariantCulture, $"none: {fastest:#,0}/s from webhook to effect; at {Rate}/s seen within {freshest.TotalSeconds:0.00} s (p99 of {paced})"));
        return verdict.And(
            fastest < AtLeastPerSecond ? $"{fastest:0}/s got through." : null,
            freshest > Fresh ? $"At {Rate}/s the p99 from accepted to seen is {freshest.TotalSeconds:0.00} s." : null);

        IReadOnlyList<Webhook> Next(int count) => [.. Enumerable.Range(0, count).Select(_ => told.Dequeue())];

        async Task Send(IReadOnlyCollection<Webhook> webhooks, int perSecond = 100_000)
        {
            using var publisher = new Publisher(history, address) { PerSecond = perSecond };
            await publisher.Send(webhooks, queues: 64);
            sent += webhooks.Count;
            while (await system.Count("processed_events") < sent) await Task.Delay(20);
        }

        async Task<double> FlatOut()
        {
            var started = Stopwatch.GetTimestamp();
            await Send(Next(flat));
            return flat / Stopwatch.GetElapsedTime(started).TotalSeconds;
        }

        async Task<TimeSpan> Paced()
        {
            var these = Next(paced);
            using var stop = new CancellationTokenSource();
            var watching = Watch(these, stop.Token);
            await Send(these, Rate);
            await stop.CancelAsync();
            var delays = (await watching).Order().ToList();
            return delays[(int)(delays.Count * 0.99)];
        }

        // When an effect can be seen by others, which is a little after its transaction began: so it is looked for, and not computed.
        async Task<IReadOnlyList<TimeSpan>> Watch(IReadOnlyList<Webhook> webhooks, CancellationToken ct)
        {
            var seen = new Dictionary<string, DateTimeOffset>();
            var since = TimeProvider.System.GetUtcNow();
            while (!ct.IsCancellationRequested || webhooks.Any(w => !seen.ContainsKey(w.Id)))
            {
                var now = TimeProvider.System.GetUtcNow();
                var rows = await system.Database.Rows("select event_id from processed_events where processed_at >= @since", new NpgsqlParameter("since", since));
                foreach (var id in rows) seen.TryAdd(id, TimeProvider.System.GetUtcNow());
                since = now.AddSeconds(-10); // no transaction of the worker's lasts longer
                await Task.Delay(50, CancellationToken.None);
            }

            return [.. webhooks.Select(w => seen[w.Id] - history.Accepted[w.Id])];
        }
    }

    private static async Task<T> BestOf<T>(Func<Task<T>> measure, Func<T, T, bool> isBetter, Func<T, bool> isEnough)
    {
        var best = await measure();
        for (var tried = 1; tried < Tries && !isEnough(best); tried++)
        {
            var again = await measure();
            if (isBetter(again, best)) best = again;
        }

        return best;
    }
}
