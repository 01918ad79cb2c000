using System.Globalization;
using System.Text;
using Npgsql;
using Streaming.Core.Streams;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Faults.Scenarios;

/// <summary>
/// Bodies that cannot be read, events that the database refuses and one that ends every worker that tries it: each becomes a dead letter with its
/// reason, and nobody else is delayed or buried with them.
/// </summary>
public static class Poison
{
    private const int MaxDeliveries = 14;
    private static readonly TimeSpan ExtraDelay = TimeSpan.FromSeconds(1);

    public static async Task<Verdict> Play(FaultRun run)
    {
        var ofEachKind = run.Times(17, 333);
        await using var system = await FaultSystem.StartAsync(run, settings: new Dictionary<string, string> { ["Consuming__MaxDeliveries"] = $"{MaxDeliveries}" });
        var channels = await system.NewChannels(30);
        var address = FaultSystem.NewAddress();
        await system.StartApi(address);
        var worker = await system.StartWorker(("Consuming__Lease", "00:00:30")); // longer than the attempts at one event take, as it is meant
        var history = new History();
        using var publisher = new Publisher(history, address) { PerSecond = 200 };

        var told = Broadcasts.Of(channels, 1600, run.Seed);
        var calm = told.Take(800).ToList();
        await publisher.Send(calm);
        var calmDelay = await SlowestOf(calm);

        var poison = PoisonFor(await system.Database.NewChannel(), ofEachKind);
        await system.Execute($"alter table ingest_segments add constraint poison check (channel_id <> '{poison[^1].Event.ChannelId}')");
        var among = told.Skip(800).ToList();
        await Task.WhenAll(publisher.Send(among), publisher.Send(poison, queues: 4));
        var delay = await SlowestOf(among);
        await Eventually.Equal(poison.Count, () => system.Count("dead_letters"), within: TimeSpan.FromSeconds(60));

        var kills = await Crash();
        var verdict = await new Oracle(system, history) { CountsWithin = Oracle.CountsAfterACrash }.Judge(
            $"{poison.Count} poisonous events, 1 that ended {kills} workers; p99 of the others {calmDelay.TotalSeconds:0.00} s before and {delay.TotalSeconds:0.00} s among them");
        var reasons = await system.Database.Rows("select reason, count(*) from dead_letters group by reason order by reason");
        string[] expected =
        [
            $"a field is not of its type | {ofEachKind}", "crashed the worker | 1", $"not JSON that we can read | {ofEachKind}", $"the database refuses it (23514) | {ofEachKind}",
        ];
        return verdict.And(
            reasons.SequenceEqual(expected) ? null : $"The dead letters are: {string.Join("; ", reasons)}.",
            delay - calmDelay > ExtraDelay ? $"Beside poison the p99 of the others rose from {calmDelay.TotalSeconds:0.00} s to {delay.TotalSeconds:0.00} s." : null);

        async Task<TimeSpan> SlowestOf(IReadOnlyList<Webhook> webhooks)
        {
            var ids = new NpgsqlParameter<string[]>("ids", [.. webhooks.Select(w => w.Id)]);
            await Eventually.Equal(webhooks.Count, async () => (await system.Database.Rows("select 1 from processed_events where event_id = any(@ids)", ids.Clone())).Count, within: TimeSpan.FromSeconds(30));
            var p99 = await system.Database.Rows(
                "select percentile_cont(0.99) within group (order by extract(epoch from processed_at - received_at)) from processed_events where event_id = any(@ids)", ids.Clone());
            return TimeSpan.FromSeconds(double.Parse(p99[0], CultureInfo.InvariantCulture));
        }

        // Whoever applies the event is held in the middle of it and killed; innocent ones are handed out together with it.
        async Task<int> Crash()
        {
            await worker.TerminateAsync();
            await system.Execute("""
                create function hold() returns trigger language plpgsql as $f$ begin if new.resource_id = 'RT_crash' then perform pg_advisory_xact_lock_shared(8); end if; return new; end $f$;
                create trigger hold before insert on ingest_segments for each row execute function hold();
                """);
            await using var holder = await system.Database.Source.OpenConnectionAsync();
            await using (var command = new NpgsqlCommand("select pg_advisory_lock(8)", holder)) await command.ExecuteNonQueryAsync();
            var innocent = channels.Take(4).Select((c, i) => Webhook.EncoderStarts(c, $"innocent{i}", 10_000 + i));
            await new QueueFeeder(system.Queue, history).Enqueue([.. innocent, Webhook.EncoderStarts(channels[0], "crash", 20_000)]);
            for (var kills = 0; ; kills++)
            {
                var victim = await system.StartWorker(("Consuming__Lease", "00:00:00.200"));
                var isHeld = false;
                await Eventually.True(
                    async () => (isHeld = await system.Count("pg_stat_activity where datname = current_database() and wait_event = 'advisory'") > 0)
                        || await system.Count("dead_letters where reason = 'crashed the worker'") > 0,
                    within: TimeSpan.FromSeconds(30));
                if (!isHeld || kills == 2 * MaxDeliveries) return kills;
                await victim.KillAsync();
                await system.Database.Rows("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and wait_event = 'advisory'");
            }
        }
    }

    private static List<Webhook> PoisonFor(Channel channel, int ofEachKind)
    {
        var poison = new List<Webhook>();
        for (var i = 0; i < ofEachKind; i++)
        {
            poison.Add(Webhook.Of(Encoding.UTF8.GetBytes($$"""{"event":"room_started", "id":"EV_broken{{i}}", "room":{"turnPassword":"CANARY-turn""")));
            poison.Add(Webhook.Of(Encoding.UTF8.GetBytes($$"""{"event":"ingress_started", "id":"EV_shape{{i}}", "createdAt":"1795352636", "ingressInfo":{"ingressId":[1], "streamKey":"sk_CANARY_{{i}}"} }""")));
            poison.Add(Webhook.EncoderStarts(channel, $"refused{i}", 30_000 + i));
        }

        return poison;
    }
}
