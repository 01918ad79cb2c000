using System.Diagnostics;
using Bench.Load;
using Npgsql;
using StackExchange.Redis;
using Streaming.AppHost.Local;
using Streaming.Core.Events;

namespace Bench;

/// <summary>
/// How fast the worker applies a heap of queued events, beside a loop that writes one row for each entry of the same stream; and, with
/// events coming in steadily, how long it is from the webhook's answer to its effect.
/// </summary>
internal static class ApplyBenchmark
{
    private const int Heap = 100_000;
    private const int PerSecond = 500;
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(10), Steady = TimeSpan.FromSeconds(20);

    public static async Task RunAsync(BenchOptions options, CancellationToken stop)
    {
        await using var system = await BenchSystem.StartAsync(stop);
        await using var elsewhere = await RedisClient.ConnectAsync(system.RedisConnectionString + ",defaultDatabase=1");
        await using var database = NpgsqlDataSource.Create(system.DatabaseConnectionString);
        var webhooks = new Webhooks(system.Channels, BenchSystem.ApiKey, system.ApiSecret);
        var heap = new EventHeap(elsewhere, webhooks);
        var worker = await system.StartWorkerAsync(stop);

        await DrainAsync(system, heap, worker, options, stop);
        await DelaysAsync(system, webhooks, database, stop);
        Console.WriteLine($"The worker's memory was {worker.PeakMemoryMegabytes} MB at most.\n");
        await worker.StopAsync();
    }

    private static async Task DrainAsync(BenchSystem system, EventHeap heap, Server worker, BenchOptions options, CancellationToken stop)
    {
        var bare = await system.StartBareConsumerAsync(stop);
        var ours = new Candidate("our worker", _ => OnceAsync(worker, EventQueue.StreamKey, EventQueue.Group));
        var rowByRow = new Candidate("a bare loop", _ => OnceAsync(bare, BareConsumer.RowByRowKey, BareConsumer.Group));
        var setBased = new Candidate("the same, one statement a batch", _ => OnceAsync(bare, BareConsumer.SetBasedKey, BareConsumer.Group));
        var rounds = await Rounds.InTurnAsync([ours, rowByRow, setBased], options, (candidate, count) => candidate.Run(count), stop);
        rounds.Print($"A heap of {Heap:#,0} queued events", rowByRow);
        await bare.StopAsync();

        async Task<Measured> OnceAsync(Server server, string key, string group)
        {
            await system.ClearStreamAsync(key, stop);
            await heap.FillAsync(Heap, group);
            var before = server.ProcessorTime();
            await heap.GiveAsync(key);
            var started = Stopwatch.GetTimestamp();
            while (await system.Redis.StreamLengthAsync(key) > 0) await Task.Delay(10, stop);
            return new Measured(Heap, Stopwatch.GetElapsedTime(started), default, default) { Processor = server.ProcessorTime() - before };
        }
    }

    private static async Task DelaysAsync(BenchSystem system, Webhooks webhooks, NpgsqlDataSource database, CancellationToken stop)
    {
        var api = await system.StartApiAsync(stop);
        await ApplyDelays.MeasureAsync(api, webhooks, database, PerSecond, WarmUp, stop); // compiling what is called often takes seconds of a slow machine
        var delays = await ApplyDelays.MeasureAsync(api, webhooks, database, PerSecond, Steady, stop);
        Console.WriteLine($"From accepted to visible, {PerSecond} events a second for {Steady.TotalSeconds:0} s: {delays}\n");
        await api.StopAsync();
    }
}
