using System.Diagnostics;
using System.Globalization;
using LiveKitSimulator;
using Microsoft.Extensions.Options;
using Npgsql;
using Streaming.AppHost.Local;
using Streaming.Core.LiveKit;

namespace Bench;

/// <summary>What it costs to ask LiveKit, again and again, whether so many channels are still live.</summary>
internal static class ReconcileBenchmark
{
    private const int LiveChannels = 200;
    /// <summary>What starting costs is not measured; then comes the time that is.</summary>
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(5), Watched = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static async Task RunAsync(BenchOptions options, CancellationToken stop)
    {
        await using var system = await BenchSystem.StartAsync(stop, LiveChannels);
        await using var liveKit = await system.StartLiveKitAsync(stop);
        var idle = await system.StartWorkerAsync(stop);
        var withNobodyLive = await ShareOfACoreAsync(idle, liveKit, "watching with nobody live", stop);
        await idle.StopAsync();
        var tokens = new AccessTokens(Options.Create(new LiveKitOptions { ApiKey = BenchSystem.ApiKey, ApiSecret = system.ApiSecret.Reveal() }), TimeProvider.System);
        foreach (var channel in system.Channels)
            await liveKit.Client.BrowserCreator(new Newcomer { Token = tokens.Mint("host:creator:1", channel.ToString(), RoomGrants.Creator).Reveal() }, stop);
        var worker = await system.StartWorkerAsync(stop);
        await AllLiveAsync(system, stop); // by what the worker asked: no webhook told it

        var share = await ShareOfACoreAsync(worker, liveKit, $"watching with {LiveChannels} live", stop);
        var calls = (await liveKit.Client.Calls(stop)).Count;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"\n{LiveChannels} live channels for {Watched.TotalSeconds:0} s: {calls / Watched.TotalSeconds:0.0} calls a second, {share - withNobodyLive:0.0%} of a core; the worker takes {share:0.0%} in all, and {withNobodyLive:0.0%} with nobody live\n"));
        await worker.StopAsync();
    }

    private static async Task<double> ShareOfACoreAsync(Server worker, LiveKitSimulatorHost liveKit, string what, CancellationToken stop)
    {
        await Task.Delay(Settling, stop);
        await liveKit.Client.ForgetCalls(stop);
        var (before, started) = (worker.ProcessorTime(), Stopwatch.GetTimestamp());
        await Progress.WhileAsync(what, Task.Delay(Watched, stop));
        return (worker.ProcessorTime() - before) / Stopwatch.GetElapsedTime(started);
    }

    private static async Task AllLiveAsync(BenchSystem system, CancellationToken stop)
    {
        await using var database = NpgsqlDataSource.Create(system.DatabaseConnectionString);
        for (var started = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(started) < Patience; await Task.Delay(100, stop))
        {
            await using var live = database.CreateCommand("select count(*) from sessions where media_ended_at is null");
            if ((long)(await live.ExecuteScalarAsync(stop))! == LiveChannels) return;
        }

        throw new SetupException("The channels did not go live.");
    }
}
