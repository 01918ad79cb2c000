using Npgsql;
using StackExchange.Redis;
using Streaming.Core.Events;
using Streaming.Core.Streams;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Faults.Scenarios;

/// <summary>
/// kill -9 of workers that are held, from outside and each with one event, at the instants that matter: after reading, after the INSERT into
/// the inbox, in COMMIT, after COMMIT and after the acknowledgement. That they are there is looked up before they are killed.
/// </summary>
public static class WorkersKilledAtNamedInstants
{
    public static async Task<Verdict> Play(FaultRun run)
    {
        await using var system = await FaultSystem.StartAsync(run);
        var stage = new Stage(system, await system.NewChannels(run.Times(20, 20)));
        for (var round = 0; round < run.Times(1, 10); round++)
        {
            await stage.AfterReading();
            await stage.AfterInsert();
            await stage.InCommit();
            await stage.AfterCommit();
            await stage.AfterAcknowledging();
        }

        await system.StartWorker();
        return (await new Oracle(system, stage.History) { CountsWithin = Oracle.CountsAfterACrash }.Judge($"{stage.Kills} worker kills: {stage.Kills / 5} at each of 5 instants")).And(stage.Violations);
    }

    private sealed class Stage(FaultSystem system, IReadOnlyList<Channel> channels)
    {
        private int _number;

        /// <summary>A worker for each channel.</summary>
        private int AtOnce => channels.Count;

        public History History { get; } = new();

        public List<string> Violations { get; } = [];

        public int Kills { get; private set; }

        public async Task AfterReading()
        {
            var victims = await Victims();
            await using var holder = await Holder.Of(system, "lock table processed_events in exclusive mode");
            var ids = await Give();
            await AreWaitingFor("relation");
            await Kill(victims);
            await NoneIsApplied(ids, holder);
        }

        public async Task AfterInsert()
        {
            var victims = await Victims();
            await using var holder = await Holder.Of(system, "select 1 from channels for update");
            var ids = await Give();
            await AreWaitingFor("transactionid");
            await Kill(victims);
            await NoneIsApplied(ids, holder);
        }

        public async Task InCommit()
        {
            var victims = await Victims();
            await system.Execute("""
                create or replace function hold() returns trigger language plpgsql as $f$ begin perform pg_advisory_xact_lock_shared(8); return null; end $f$;
                create constraint trigger hold after insert on processed_events deferrable initially deferred for each row execute function hold();
                """);
            var holder = await Holder.Of(system, "select pg_advisory_xact_lock(8)");
            await using (holder)
            {
                var ids = await Give();
                await AreWaitingFor("advisory", "transactionid"); // the second for a page of the books that another has, in COMMIT
                if (await system.Count(Waiting("advisory")) is var committing && committing < AtOnce / 2) Violations.Add($"{committing} of {AtOnce} workers were in COMMIT.");
                await Kill(victims);
                await NoneIsApplied(ids, holder);
            }

            await system.Execute("drop trigger hold on processed_events");
        }

        /// <summary>What they read has come through when the wire to Redis is frozen: so they commit, and nobody hears of it.</summary>
        public async Task AfterCommit()
        {
            await using var wire = new TcpProxy(system.Redis.Port);
            var victims = await Victims(system.RedisOver(wire));
            string[] ids;
            await using (await Holder.Of(system, "select 1 from channels for update"))
            {
                ids = await Give();
                await AreWaitingFor("transactionid");
                wire.Freeze();
            }

            await Eventually.Equal(AtOnce, () => Applied(ids), within: TimeSpan.FromSeconds(30));
            await Kill(victims);
            if (await StillPending() is var pending && pending != AtOnce) Violations.Add($"After COMMIT {pending} of {AtOnce} entries were pending.");
        }

        /// <summary>Not a moment later: what is acknowledged and still in the stream would stay there for ever.</summary>
        public async Task AfterAcknowledging()
        {
            var victims = await Victims();
            var ids = await Give();
            await Eventually.True(async () => await Applied(ids) == AtOnce && await StillPending() == 0, within: TimeSpan.FromSeconds(30));
            await Kill(victims);
        }

        /// <summary>Each takes one event and no more, and nothing that a dead one left.</summary>
        private Task<ProcessUnderTest[]> Victims(params (string Name, string Value)[] settings) => Task.WhenAll(Enumerable.Range(0, AtOnce).Select(_ => system.StartWorker(
            [("Consuming__InHand", "1"), ("Consuming__Lease", "00:10:00"), ("Consuming__ClaimEvery", "00:01:00"), .. settings])));

        private async Task<string[]> Give()
        {
            _before = await system.Pending();
            var webhooks = channels.Select(channel => Webhook.EncoderStarts(channel, $"{system.Run.Seed}x{_number}", _number++)).ToList();
            await new QueueFeeder(system.Queue, History).Enqueue(webhooks);
            return [.. webhooks.Select(w => w.Id)];
        }

        private long _before;

        private async Task<long> StillPending() => await system.Pending() - _before;

        private async Task AreWaitingFor(params string[] locks)
        {
            await Eventually.Equal(AtOnce, () => system.Count(Waiting(locks)), within: TimeSpan.FromSeconds(30));
            if (await StillPending() is var pending && pending != AtOnce) Violations.Add($"Held at the {locks[0]} lock, {pending} of {AtOnce} workers had an entry in hand.");
        }

        private static string Waiting(params string[] locks) =>
            $"pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and wait_event in ('{string.Join("', '", locks)}')";

        private async Task Kill(ProcessUnderTest[] victims)
        {
            await Task.WhenAll(victims.Select(v => v.KillAsync()));
            Kills += victims.Length;
        }

        /// <summary>Ends what the dead have left running in Postgres, which would not look for its client before the lock is free.</summary>
        private async Task NoneIsApplied(string[] ids, Holder holder)
        {
            await system.Database.Rows("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'");
            await Eventually.Equal(0, () => system.Count("pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"));
            await holder.DisposeAsync();
            if (await Applied(ids) is > 0 and var applied) Violations.Add($"{applied} events were applied by workers that had not committed.");
        }

        private async Task<long> Applied(string[] ids) =>
            (await system.Database.Rows("select 1 from processed_events where event_id = any(@ids)", new NpgsqlParameter("ids", ids))).Count;
    }

    /// <summary>Has something locked until it is disposed of.</summary>
    private sealed class Holder(NpgsqlConnection connection) : IAsyncDisposable
    {
        public static async Task<Holder> Of(FaultSystem system, string sql)
        {
            var connection = await system.Database.Source.OpenConnectionAsync();
            await connection.BeginTransactionAsync();
            await using var command = new NpgsqlCommand(sql, connection);
            await command.ExecuteNonQueryAsync();
            return new Holder(connection);
        }

        public ValueTask DisposeAsync() => connection.DisposeAsync();
    }
}
