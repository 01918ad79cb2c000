using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using Bench.Load;
using Streaming.AppHost.Local;

namespace Bench;

/// <summary>
/// What 2,000 open streams of server-sent events cost our API while nothing happens, and how soon a change is told to all of them: beside a
/// bare endpoint that holds as many and writes them the same bytes.
/// </summary>
internal static class EventsBenchmark
{
    private const int Clients = 2000;

    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(20); // more than a heartbeat

    public static async Task RunAsync(BenchOptions options, CancellationToken stop)
    {
        await using var system = await BenchSystem.StartAsync(stop);
        var api = await system.StartApiAsync(stop);
        var bare = await system.StartBareAsync(stop);
        var token = (await DevelopmentTokens.FromAsync(api.Address.ToString(), stop)).Creator;
        using var creator = new HttpClient(new SocketsHttpHandler()) { BaseAddress = api.Address };
        creator.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var teller = new HttpClient(new SocketsHttpHandler()) { BaseAddress = bare.Address };

        Console.WriteLine($"\n{Clients} streams, {options.Rounds} changes told to all of them\n");
        Console.WriteLine("| | memory before | with the streams, idle | difference | told to the median client | to the last | server's CPU while idle |");
        Console.WriteLine("|---|---:|---:|---:|---:|---:|---:|");
        await MeasureAsync("our API", api, $"/api/stream/{system.Channels[0]}/events", async number =>
        {
            using var put = await creator.PutAsJsonAsync(new Uri("/api/stream/info", UriKind.Relative), new { title = $"change {number};" }, stop);
            put.EnsureSuccessStatusCode();
        }, options, stop);
        var bytes = $"id: 1000\nevent: stream.updated\ndata: {{\"title\": \"change #;\", \"thumbnail\": null, \"visibility\": \"public\", \"allowGuests\": true, \"isChatDelayed\": false, \"isChatEnabled\": true, \"isChatFollowersOnly\": false}}\n\n";
        await MeasureAsync("a bare endpoint", bare, BareServer.Events, async number =>
        {
            using var body = new StringContent(bytes.Replace("#", $"{number}", StringComparison.Ordinal));
            using var post = await teller.PostAsync(new Uri(BareServer.Tell, UriKind.Relative), body, stop);
            post.EnsureSuccessStatusCode();
        }, options, stop);
        Console.WriteLine();
    }

    private static async Task MeasureAsync(string name, Server server, string path, Func<int, Task> change, BenchOptions options, CancellationToken stop)
    {
        var warmUp = await EventListener.OpenAsync(server.Address, path, stop);
        await change(-1);
        await warmUp.HeardAsync(-1, stop);
        warmUp.Dispose();
        await Task.Delay(TimeSpan.FromSeconds(5), stop);
        var before = server.MemoryMegabytes;

        var listeners = new List<EventListener>();
        foreach (var some in Enumerable.Range(0, Clients).Chunk(50))
            listeners.AddRange(await Task.WhenAll(some.Select(_ => EventListener.OpenAsync(server.Address, path, stop))));
        var processor = server.ProcessorTime();
        await Task.Delay(Idle, stop);
        var (idle, used) = (server.MemoryMegabytes, server.ProcessorTime() - processor);

        var (medians, lasts) = (new List<double>(), new List<double>());
        for (var number = 0; number < options.Rounds; number++)
        {
            var asked = Stopwatch.GetTimestamp();
            await change(number);
            var heard = await Task.WhenAll(listeners.Select(l => l.HeardAsync(number, stop)));
            var waited = heard.Select(at => Stopwatch.GetElapsedTime(asked, at).TotalMilliseconds).Order().ToList();
            medians.Add(waited[waited.Count / 2]);
            lasts.Add(waited[^1]);
            await Task.Delay(TimeSpan.FromMilliseconds(500 + Random.Shared.Next(400)), stop);
        }

        foreach (var listener in listeners) listener.Dispose();
        Console.WriteLine($"| {name} | {before} MB | {idle} MB | {idle - before} MB | {medians.Order().ElementAt(medians.Count / 2):0} ms | "
            + $"{lasts.Order().ElementAt(lasts.Count / 2):0} ms (at most {lasts.Max():0} ms) | {used.TotalSeconds / Idle.TotalSeconds:0.0%} of a core |");
    }
}
