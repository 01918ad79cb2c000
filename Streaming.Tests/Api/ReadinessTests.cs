using System.Net;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Api;

/// <summary>Probes are told the truth: asked of the stores at this moment, not remembered from when they were connected to.</summary>
public sealed class ReadinessTests
{
    [Fact]
    public async Task Readiness_follows_Postgres_down_and_up_and_calls_the_rest_degraded()
    {
        await using var postgres = await PostgresServer.StartAsync();
        await using var system = await TestSystem.StartAsync(postgres: postgres);
        await Says(system, HttpStatusCode.OK, "Healthy"); // once LiveKit was asked

        await postgres.CrashAsync();
        await Says(system, HttpStatusCode.ServiceUnavailable, "Unhealthy");
        foreach (var path in new[] { "/health/live", "/alive" }) Assert.Equal((HttpStatusCode.OK, "Healthy"), await Ask(system, path)); // restarting it would not help
        await (await system.Anonymous.GetAsync(new Uri("/api/nothing", UriKind.Relative))).IsError(404, "not_found");

        await postgres.StartAgainAsync();
        await Says(system, HttpStatusCode.OK, "Healthy");

        await system.Redis.KillAsync();
        await Says(system, HttpStatusCode.OK, "Degraded");
        await system.Redis.StartAgainAsync();
        await Says(system, HttpStatusCode.OK, "Healthy");

        await system.Worker.KillAsync();
        await using (var unseen = system.Database.Source.CreateCommand("update worker_pulse set beat_at = now() - interval '1 minute'")) await unseen.ExecuteNonQueryAsync();
        await Says(system, HttpStatusCode.OK, "Degraded");
    }

    private static Task Says(TestSystem system, HttpStatusCode status, string word) => Eventually.True(
        async () => await Ask(system, "/health/ready") == (status, word) && await Ask(system, "/health") == (status, word), TimeSpan.FromSeconds(30), () => $"{status} {word}");

    private static async Task<(HttpStatusCode, string)> Ask(TestSystem system, string path)
    {
        using var answer = await system.Anonymous.GetAsync(new Uri(path, UriKind.Relative));
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }
}
