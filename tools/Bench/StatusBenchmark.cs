using Streaming.AppHost.Local;

namespace Bench;

/// <summary>How many status requests are answered per second: by our API for a thousand creators who are live, and by a bare endpoint that reads one Redis key.</summary>
internal static class StatusBenchmark
{
    public static async Task RunAsync(BenchOptions options, CancellationToken stop)
    {
        var crowd = await Crowd.GatherAsync(stop);
        await using var system = crowd.System;
        var api = await system.StartApiAsync(stop);
        var bare = await system.StartBareAsync(stop);
        var requests = (await Crowd.TokensAsync(api, crowd.Creators, options)).Select(token => api.Get("/api/stream/status", token)).ToArray();
        var answers = await api.AskAllAsync(requests, options);
        if (answers.Any(answer => !answer.Contains("\"isLive\":true", StringComparison.Ordinal))) throw new SetupException("Not all streams are live.");
        await system.Redis.StringSetAsync(BareServer.ValueKey, Server.BodyOf(answers[0]));

        var bareRequest = bare.Get("/value", new string('t', 300)); // as many bytes as ours reads
        var ours = new Candidate("our API", count => api.LoadAsync(number => requests[number * 7L % requests.Length], count, options));
        var bareEndpoint = new Candidate("a bare endpoint", count => bare.LoadAsync(_ => bareRequest, count, options));
        var rounds = await Rounds.InTurnAsync([ours, bareEndpoint], options, (candidate, count) => candidate.Run(count), stop);
        rounds.Print($"Status of {requests.Length} live streams, {options.Connections} in flight", bareEndpoint);
    }
}
