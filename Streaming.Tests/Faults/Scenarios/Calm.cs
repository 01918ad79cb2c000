using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace Streaming.Tests.Faults.Scenarios;

/// <summary>Nothing is broken: how many events get through from the webhook to their effect, and how long one takes at half that rate.</summary>
public static class Calm
{
    private const int WarmUp = 20_000, AtLeastPerSecond = 1_000, Rate = 500;
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(1);

    public static async Task<Verdict> Play(FaultRun run)
    {
        var events = run.Times(8_000, 100_000);
        await using var system = await FaultSystem.StartAsync(run);
        var told = Broadcasts.Of(await system.NewChannels(150), events + (Rate * run.Times(8, 60)) + WarmUp, run.Seed);
        var address = FaultSystem.NewAddress();
        await Task.WhenAll(system.StartApi(address), system.StartWorker());
        var history = new History();
        using var flat = new Publisher(history, address);
        using var paced = new Publisher(history, address) { PerSecond = Rate };
        await flat.Send(told.Take(WarmUp), queues: 64); // what is compiled when it has been called often is no part of the measure
        await Applied(WarmUp);

        var started = Stopwatch.GetTimestamp();
        await flat.Send(told.Skip(WarmUp).Take(events), queues: 64);
        await Applied(WarmUp + events);
        var perSecond = events / Stopwatch.GetElapsedTime(started).TotalSeconds;

        using var stop = new CancellationTokenSource();
        var watching = Watch(stop.Token);
        await paced.Send(told.Skip(WarmUp + events), queues: 64);
        await Applied(told.Count);
        await stop.CancelAsync();
        var delays = (await watching).Order().ToList();
        var p99 = delays[(int)(delays.Count * 0.99)];

        var verdict = await new Oracle(system, history).Judge(string.Create(
            CultureInfo.InvariantCulture, $"none: {perSecond:#,0}/s from webhook to effect; at {Rate}/s seen within {p99.TotalSeconds:0.00} s (p99 of {delays.Count})"));
        return verdict.And(
            perSecond < AtLeastPerSecond ? $"{perSecond:0}/s got through." : null,
            p99 > Fresh ? $"At {Rate}/s the p99 from accepted to seen is {p99.TotalSeconds:0.00} s." : null);

        async Task Applied(int count)
        {
            while (await system.Count("processed_events") < count) await Task.Delay(20);
        }

        // When an effect can be seen by others, which is a little after its transaction began: so it is looked for, and not computed.
        async Task<IReadOnlyList<TimeSpan>> Watch(CancellationToken ct)
        {
            var seen = new Dictionary<string, DateTimeOffset>();
            var since = TimeProvider.System.GetUtcNow();
            var rest = told.Skip(WarmUp + events).Select(w => w.Id).ToList();
            while (!ct.IsCancellationRequested || !rest.TrueForAll(seen.ContainsKey))
            {
                var now = TimeProvider.System.GetUtcNow();
                var rows = await system.Database.Rows("select event_id from processed_events where processed_at >= @since", new NpgsqlParameter("since", since));
                foreach (var id in rows) seen.TryAdd(id, TimeProvider.System.GetUtcNow());
                since = now.AddSeconds(-10); // no transaction of the worker's lasts longer
                await Task.Delay(50, CancellationToken.None);
            }

            return [.. rest.Select(id => seen[id] - history.Accepted[id])];
        }
    }
}
