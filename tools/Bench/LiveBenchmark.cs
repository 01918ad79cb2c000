using System.Diagnostics;
using System.Globalization;
using Bench.Load;
using Streaming.AppHost.Local;

namespace Bench;

/// <summary>
/// The first page, with 100 of a thousand live channels: how often it is given per second while it is asked for all the time, and how long it
/// takes after a pause, when nothing of it is known any more.
/// </summary>
internal static class LiveBenchmark
{
    private const int Pauses = 60, PerSecond = 5000, Seconds = 10;

    /// <summary>What was read is served for less than this.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    public static async Task RunAsync(BenchOptions options, CancellationToken stop)
    {
        var crowd = await Crowd.GatherAsync(stop);
        await using var system = crowd.System;
        var api = await system.StartApiAsync(stop);
        var bare = await system.StartBareAsync(stop);
        var request = api.Get("/api/stream/live?limit=100");
        var page = Server.BodyOf((await api.AskAllAsync([request], options))[0]);
        if (page.Split("\"viewerCount\":").Length != 101) throw new SetupException("There are not 100 live channels on the page.");
        await system.Redis.StringSetAsync(BareServer.ValueKey, page);

        var bareRequest = bare.Get("/kept");
        var ours = new Candidate("our API", count => api.LoadAsync(_ => request, count, options));
        var bareEndpoint = new Candidate("a bare endpoint", count => bare.LoadAsync(_ => bareRequest, count, options));
        var rounds = await Rounds.InTurnAsync([ours, bareEndpoint], options, (candidate, count) => candidate.Run(count), stop);
        rounds.Print($"The first page of who is live, {page.Length / 1024} KiB, {options.Connections} in flight", bareEndpoint);
        await SteadilyAsync("our API", api, request, stop);
        await SteadilyAsync("a bare endpoint", bare, bareRequest, stop);
        await AfterPausesAsync(api, request, stop);
    }

    private static async Task SteadilyAsync(string name, Server server, byte[] request, CancellationToken stop)
    {
        var taken = new TimeSpan[PerSecond * Seconds];
        await SteadyLoop.RunAsync(server.Address, Enumerable.Repeat(request, taken.Length).ToList(), PerSecond, (number, delay) => taken[number] = delay, stop);
        var sorted = taken.Skip(PerSecond).Order().ToList(); // connections are opened in the first second
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{PerSecond} a second from {name}, from when each was due: p50 {sorted[sorted.Count / 2].TotalMilliseconds:0.0} ms, p99 {sorted[sorted.Count * 99 / 100].TotalMilliseconds:0.0} ms"));
    }

    private static async Task AfterPausesAsync(Server api, byte[] request, CancellationToken stop)
    {
        using var connection = await HttpConnection.OpenAsync(api.Address);
        var taken = new List<TimeSpan>();
        for (var pause = 0; pause < Pauses; pause++)
        {
            await Task.Delay(Pause, stop);
            var asked = Stopwatch.GetTimestamp();
            await connection.AskAsync(request);
            taken.Add(Stopwatch.GetElapsedTime(asked));
        }

        taken.Sort();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"After a pause of {Pause.TotalSeconds:0} s, {Pauses} times: p50 {taken[Pauses / 2].TotalMilliseconds:0.0} ms, p95 {taken[(Pauses * 95 / 100) - 1].TotalMilliseconds:0.0} ms\n"));
    }
}
