using System.Text;
using StackExchange.Redis;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Security;

/// <summary>Runs after what runs side by side, so that the system that most tests share has seen all of them.</summary>
[CollectionDefinition(nameof(WholeRunTests), DisableParallelization = true)]
[Collection(nameof(WholeRunTests))]
public sealed class WholeRunTests
{
    [Fact]
    public async Task Nothing_that_the_whole_run_has_left_behind_holds_a_secret_or_a_title()
    {
        var shared = await TestSystem.Shared;
        var creator = await shared.NewChannel();
        await Eventually.True(() => shared.Telemetry.Text("logs").Contains(creator.IngressId, StringComparison.Ordinal)); // what was told before has arrived

        await shared.SearchAsync(); // each of the others was searched when it was thrown away

        Assert.True(Leaks.Sweeps > 1);
    }

    [Fact]
    public async Task What_is_looked_through_includes_the_files_of_a_Redis_elsewhere_and_every_event()
    {
        var folder = TestDirectory.New("elsewhere");
        await using (var elsewhere = await RedisServer.StartAsync(Path.Combine(folder, "data")))
        {
            await using (var redis = await ConnectionMultiplexer.ConnectAsync(elsewhere.ConnectionString)) await redis.GetDatabase().StringSetAsync("planted", "something");
            Assert.Contains(elsewhere.Files, file => File.ReadAllText(file, Encoding.Latin1).Contains("something", StringComparison.Ordinal));
        }

        TestDirectory.Delete(folder);
        Leaks.AssertNoneIn("data: {}");
        foreach (var secret in new[] { TestSystem.KeyPrefix + "x", TestSystem.TurnPrefix + "x", await (await TestSystem.Shared).Token("somebody") })
            Assert.ThrowsAny<Exception>(() => Leaks.AssertNoneIn($"data: {secret}"));
    }

    [Fact]
    public async Task A_secret_that_is_left_behind_is_found()
    {
        var system = await TestSystem.StartAsync(withWorker: false);
        var creator = await system.NewChannel();
        await system.SearchAsync();
        foreach (var planted in new[] { creator.StreamKey, TestSystem.TurnPrefix + "x", Captured.Secrets.Keys.First(), await system.Token("somebody"), system.LiveKitHost.Options.ApiSecret.Reveal() })
        {
            await Execute($"update channels set title = '{planted[..Math.Min(planted.Length, 390)]}'");
            Assert.Contains("is in the dump of Postgres", (await Assert.ThrowsAnyAsync<Exception>(system.SearchAsync)).Message, StringComparison.Ordinal);
            if (planted.Contains("CANARY", StringComparison.Ordinal)) await Assert.ThrowsAnyAsync<Exception>(creator.Info);
        }

        // Where nothing can be taken back: the worker is made to log it, Redis to keep it, telemetry to carry it.
        await Execute($"update channels set title = 'Good again'; insert into dead_letters (event_id, entry_id, kind, projection, reason, attempts, first_at, last_at) values ('{creator.StreamKey}', '', '', '{{}}', '', 1, now(), now())");
        await using (var worker = await system.RunAsync("Streaming.WebhookWorker", ["--dead-letters"], new Dictionary<string, string>())) await worker.Exited;
        await Execute("delete from dead_letters");
        await using (var redis = await ConnectionMultiplexer.ConnectAsync(system.Redis.ConnectionString)) await redis.GetDatabase().StringSetAsync("planted", creator.StreamKey);
        using (var http = new HttpClient(new SocketsHttpHandler()))
        using (var span = new StringContent(creator.StreamKey)) await http.PostAsync(new Uri($"{system.Telemetry.Settings["OTEL_EXPORTER_OTLP_ENDPOINT"]}/v1/traces"), span);

        var found = (await Assert.ThrowsAnyAsync<Exception>(async () => await system.DisposeAsync())).Message;
        foreach (var place in new[] { "a log", "Redis' files", "the traces" }) Assert.Contains($"A stream key is in {place}", found, StringComparison.Ordinal);
        Assert.DoesNotContain("the dump of Postgres", found, StringComparison.Ordinal);

        async Task Execute(string sql)
        {
            await using var command = system.Database.Source.CreateCommand(sql);
            await command.ExecuteNonQueryAsync();
        }
    }
}
