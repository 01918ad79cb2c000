using System.Diagnostics;
using System.Net;
using Npgsql;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Faults.Scenarios;

/// <summary>
/// Redis stands still with its connections open: Postgres takes the events, in time, and soon after its return everything is applied. With
/// Postgres standing still as well, the sender is told to come again, in time too.
/// </summary>
public static class RedisFrozen
{
    private static readonly TimeSpan Promise = TimeSpan.FromSeconds(3), SoonAfter = TimeSpan.FromSeconds(5);

    public static async Task<Verdict> Play(FaultRun run)
    {
        var freezes = run.Times(5, 50);
        var random = new Random(run.Seed);
        await using var postgres = await PostgresServer.StartAsync();
        // The product's own lease: what was handed to a worker whose answer got lost must not wait for it.
        await using var system = await FaultSystem.StartAsync(run, postgres, new Dictionary<string, string> { ["Consuming__Lease"] = "00:00:30", ["Consuming__ClaimEvery"] = "00:00:05" });
        var channels = await system.NewChannels(40);
        var told = Broadcasts.Of(channels, run.Times(6_000, 60_000), run.Seed);
        var address = FaultSystem.NewAddress();
        await Task.WhenAll(system.StartApi(address), system.StartWorker());
        var history = new History();
        var violations = new List<string>();
        using var publisher = new Publisher(history, address) { PerSecond = 200 };

        await using var pauses = new MachinePauses();
        using var stop = new CancellationTokenSource();
        var sending = publisher.Send(told, queues: 24, stop.Token);
        var slowest = TimeSpan.Zero;
        for (var freeze = 0; freeze < freezes; freeze++)
        {
            await Task.Delay(random.Next(300, 800));
            system.Redis.Freeze();
            // One outlasts the worker's patience, so that its answers come when nobody waits for them any more.
            await Task.Delay(freeze == 1 ? 8_000 : run.Size == FaultSize.Large ? random.Next(2_000, 10_000) : random.Next(2_000, 3_000));
            system.Redis.Thaw();
            var took = await UntilApplied([.. history.Accepted.Keys]);
            if (took > slowest) slowest = took;
        }

        await stop.CancelAsync();
        await sending;
        if (slowest > SoonAfter) violations.Add($"After Redis' return it took {slowest.TotalSeconds:0.0} s until what had been accepted was applied.");
        if (history.Longest - pauses.Longest > Promise) violations.Add($"With Redis frozen an answer took {history.Longest.TotalSeconds:0.00} s.");
        if (history.Count(Answer.Failed) + history.Count(Answer.Unknown) > 0) violations.Add($"With Redis alone frozen not all was accepted: {history}.");
        var frozen = $"{freezes} freezes of Redis ({history}; all applied {slowest.TotalSeconds:0.0} s after)";

        system.Redis.Freeze();
        postgres.Freeze();
        var alone = await Refused(1);
        var together = await Refused(50);
        postgres.Thaw();
        system.Redis.Thaw();

        var verdict = await new Oracle(system, history) { CacheIsCurrent = false }.Judge(
            $"{frozen}; both frozen: 503 after {alone.TotalSeconds:0.00} s alone, {together.TotalSeconds:0.00} s with 50 at once; the machine paused for {pauses.Longest.TotalSeconds:0.00} s");
        return verdict.And(violations);

        async Task<TimeSpan> UntilApplied(string[] ids)
        {
            var started = Stopwatch.GetTimestamp();
            await Eventually.True(
                async () => (await system.Database.Rows("select count(*) from processed_events where event_id = any(@ids)", new NpgsqlParameter("ids", ids)))[0] == $"{ids.Length}",
                within: TimeSpan.FromSeconds(60));
            return Stopwatch.GetElapsedTime(started);
        }

        // All at once; returns how long the slowest took.
        async Task<TimeSpan> Refused(int requests)
        {
            using var http = new HttpClient(new Leaks.OfAnswers(new SocketsHttpHandler())) { BaseAddress = address };
            var signer = new WebhookSigner();
            var took = await Task.WhenAll(Enumerable.Range(0, requests).Select(async i =>
            {
                var webhook = Webhook.EncoderStarts(channels[i % channels.Count], $"{run.Seed}r{requests}x{i}", told.Count + requests + i);
                using var request = signer.Request(webhook.Body);
                var started = Stopwatch.GetTimestamp();
                using var answer = await http.SendAsync(request);
                var elapsed = Stopwatch.GetElapsedTime(started);
                history.Record(webhook, answer.StatusCode == HttpStatusCode.OK ? Answer.Accepted : Answer.Failed, elapsed);
                if (answer.StatusCode != HttpStatusCode.ServiceUnavailable || answer.Headers.RetryAfter?.Delta is null)
                    lock (violations) violations.Add($"With both stores frozen the answer was {(int)answer.StatusCode}, Retry-After {answer.Headers.RetryAfter}.");
                return elapsed;
            }));
            if (took.Max() - pauses.Longest > Promise) violations.Add($"With both stores frozen and {requests} requests at once an answer took {took.Max().TotalSeconds:0.00} s.");
            return took.Max();
        }
    }
}
