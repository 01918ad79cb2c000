using Bench.Load;
using StackExchange.Redis;
using Streaming.AppHost.Local;
using Streaming.Core.Events;

namespace Bench;

/// <summary>How many webhooks are accepted per second: by our API, by a bare endpoint with the same promise, and by Redis alone.</summary>
internal static class IntakeBenchmark
{
    private const string RawKey = "bench:raw";

    public static async Task RunAsync(BenchOptions options, CancellationToken stop)
    {
        await using var system = await BenchSystem.StartAsync(stop);
        await using var rawClient = await RedisClient.ConnectAsync(system.RedisConnectionString);
        var raw = rawClient.GetDatabase();
        var webhooks = new Webhooks(system.Channels, BenchSystem.ApiKey, system.ApiSecret);
        var api = await system.StartApiAsync(stop);
        var bare = await system.StartBareAsync(stop);

        var ours = new Candidate("our API", count => Http(api, "/api/webhook/livekit", count), EventQueue.StreamKey);
        var bareEndpoint = new Candidate("a bare endpoint", count => Http(bare, "/intake", count), BareServer.StreamKey);
        var redisAlone = new Candidate("XADD alone", Raw, RawKey);
        var rounds = await Rounds.InTurnAsync([ours, bareEndpoint, redisAlone], options, Once, stop);
        rounds.Print($"Webhook intake: {webhooks.MeanBytes:0} bytes on average, {options.Connections} in flight", bareEndpoint);

        // The same with the worker applying what is accepted: no longer a comparison, but what one small machine does.
        await system.ClearStreamAsync(EventQueue.StreamKey, stop);
        var worker = await system.StartWorkerAsync(stop);
        var withWorker = ours with { Name = "our API" };
        (await Rounds.InTurnAsync([withWorker], options with { Rounds = 3 }, (candidate, requests) => candidate.Run(requests), stop)).Print("Webhook intake with the worker on", withWorker);
        await worker.StopAsync();

        async Task<Measured> Once(Candidate candidate, int requests)
        {
            await system.ClearStreamAsync(candidate.StreamKey, stop);
            var measured = await candidate.Run(requests);
            var stored = await system.Redis.StreamLengthAsync(candidate.StreamKey);
            if (stored != measured.Requests) throw new SetupException($"{candidate.Name}: {measured.Requests} webhooks were accepted, but {stored} are in Redis.");
            return measured;
        }

        Task<Measured> Http(Server server, string path, int count)
        {
            var requests = webhooks.Requests(count, new Uri(server.Address, path));
            return server.LoadAsync(number => requests[number], count, options);
        }

        Task<Measured> Raw(int count)
        {
            var bodies = webhooks.Bodies(count);
            Func<int, Task> add = number => raw.StreamAddAsync(RawKey, "body", bodies[number]);
            return ClosedLoop.RunAsync([.. Enumerable.Repeat(add, options.Connections)], count, options.Round);
        }
    }
}
