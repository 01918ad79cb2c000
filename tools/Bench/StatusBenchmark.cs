using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using Bench.Load;
using Streaming.AppHost.Local;

namespace Bench;

/// <summary>How many status requests are answered per second: by our API for a creator who is live, and by a bare endpoint that reads one Redis key.</summary>
internal static class StatusBenchmark
{
    public static async Task RunAsync(BenchOptions options, CancellationToken stop)
    {
        await using var system = await BenchSystem.StartAsync(stop);
        var api = await system.StartApiAsync(stop);
        var bare = await system.StartBareAsync(stop);
        var token = (await DevelopmentTokens.FromAsync(api.Address.ToString(), stop)).Creator;
        var answer = await LiveStatusAsync(system, api, token, stop);
        await system.Redis.StringSetAsync(BareServer.ValueKey, answer);

        var ours = new Candidate("our API", count => Http(api, "/api/stream/status", count));
        var bareEndpoint = new Candidate("a bare endpoint", count => Http(bare, "/value", count));
        var rounds = await Rounds.InTurnAsync([ours, bareEndpoint], options, (candidate, requests) => candidate.Run(requests), stop);
        rounds.Print($"Status of a live stream, {options.Connections} in flight", bareEndpoint);

        Task<Measured> Http(Server server, string path, int count)
        {
            var request = Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: {server.Address.Authority}\r\nAccept: application/json\r\nAuthorization: Bearer {token}\r\n\r\n");
            return server.LoadAsync(_ => request, count, options);
        }
    }

    /// <summary>Goes live with a viewer, by webhooks like LiveKit's, and waits until the status says so.</summary>
    private static async Task<string> LiveStatusAsync(BenchSystem system, Server api, string token, CancellationToken stop)
    {
        var worker = await system.StartWorkerAsync(stop);
        var webhooks = new Webhooks(system.Channels, BenchSystem.ApiKey, system.ApiSecret);
        using (var connection = await HttpConnection.OpenAsync(api.Address))
            foreach (var request in webhooks.GoLive(new Uri(api.Address, "/api/webhook/livekit"))) await connection.AskAsync(request);

        using var client = new HttpClient(new SocketsHttpHandler()) { BaseAddress = api.Address };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        for (var attempt = 0; attempt < 200; attempt++)
        {
            var status = await client.GetStringAsync(new Uri("/api/stream/status", UriKind.Relative), stop);
            if (status.Contains("\"isLive\":true", StringComparison.Ordinal) && status.Contains("\"viewerCount\":1,", StringComparison.Ordinal))
            {
                await worker.StopAsync();
                return status;
            }

            await Task.Delay(50, stop);
        }

        throw new SetupException("The stream did not go live.");
    }
}
