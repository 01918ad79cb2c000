using Streaming.AppHost.Local;

namespace Bench;

/// <summary>
/// How many tokens to watch are given per second: by our API to twenty thousand viewers, each of whom asks about a channel of the thousand, within
/// the product's limits; and by a bare endpoint that reads one Redis key.
/// </summary>
internal static class TokenBenchmark
{
    private const int Viewers = 20_000;

    public static async Task RunAsync(BenchOptions options, CancellationToken stop)
    {
        var crowd = await Crowd.GatherAsync(stop);
        await using var system = crowd.System;
        var api = await system.StartApiAsync(stop);
        var bare = await system.StartBareAsync(stop);
        var tokens = await Crowd.TokensAsync(api, crowd.Viewers.Take(Viewers), options);
        var requests = tokens.Select((token, number) => api.Get($"/api/stream/token/{crowd.Creators[number % crowd.Creators.Count]}", token)).ToArray();
        var answer = (await api.AskAllAsync(requests[..1], options))[0];
        if (!answer.Contains("\"identity\":\"viewer:viewer-1:", StringComparison.Ordinal)) throw new SetupException("There is no token to watch.");
        await system.Redis.StringSetAsync(BareServer.ValueKey, Server.BodyOf(answer));

        var (next, bareRequest) = (-1, bare.Get("/value", new string('t', 300))); // as many bytes as ours reads
        var ours = new Candidate("our API", count => api.LoadAsync(_ => requests[Interlocked.Increment(ref next) % requests.Length], count, options));
        var bareEndpoint = new Candidate("a bare endpoint", count => bare.LoadAsync(_ => bareRequest, count, options));
        var rounds = await Rounds.InTurnAsync([ours, bareEndpoint], options, (candidate, count) => candidate.Run(count), stop);
        rounds.Print($"Tokens for {Viewers} viewers, {options.Connections} in flight", bareEndpoint);
    }
}
