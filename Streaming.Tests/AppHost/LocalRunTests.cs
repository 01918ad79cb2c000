using System.Text.Json;
using Aspire.Hosting.ApplicationModel;
using Streaming.AppHost.Local;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.AppHost;

public sealed class LocalRunTests
{
    /// <summary>What Aspire's orchestrator does with the model, done by hand where there is none: commands, arguments and environment are the model's.</summary>
    [Fact]
    public async Task What_the_local_model_describes_starts_and_becomes_healthy()
    {
        await using var model = await AppHostModel.BuildAsync("--local");
        var running = new Stack<ProcessUnderTest>();
        var log = "";
        try
        {
            foreach (var server in (string[])["postgres-server", "redis-server"])
                running.Push(await ProcessUnderTest.StartAsync(server, await CommandOf(server)));
            await Eventually.Equal(0, MigrateAsync, within: TimeSpan.FromSeconds(60), evidence: () => log);

            running.Push(await ProcessUnderTest.StartAsync("livekit", await CommandOf("livekit"), await UrlOf("livekit") + "/simulator/health"));
            running.Push(await ProcessUnderTest.StartAsync("worker", await CommandOf("worker"), await UrlOf("worker") + "/health"));
            running.Push(await ProcessUnderTest.StartAsync("api", await CommandOf("api"), await UrlOf("api") + "/health"));

            await model.ReportAsync(
                ("postgres-server", KnownResourceStates.Running), ("streamingdb", KnownResourceStates.Running),
                ("redis-server", KnownResourceStates.Running), ("redis", KnownResourceStates.Running), ("migrations", KnownResourceStates.Finished),
                ("livekit", KnownResourceStates.Running), ("worker", KnownResourceStates.Running), ("api", KnownResourceStates.Running));
            var runFile = Path.Combine(model.StateDirectory, "run.json");
            await Eventually.True(() => File.Exists(runFile), within: TimeSpan.FromSeconds(60));
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(runFile));
            using var run = JsonDocument.Parse(await File.ReadAllTextAsync(runFile));
            Assert.Equal(["api", "openapi", "livekit", "postgres", "redis", "tokens"], run.RootElement.EnumerateObject().Select(member => member.Name));
            Assert.Equal(await UrlOf("api"), run.RootElement.GetProperty("api").GetString());
            Assert.Equal(Secrets.Of("livekit-api-secret"), run.RootElement.GetProperty("livekit").GetProperty("apiSecret").GetString());
            Assert.Equal(3, run.RootElement.GetProperty("tokens").GetProperty("creator").GetString()!.Split('.').Length);
        }
        finally
        {
            while (running.TryPop(out var process)) await process.DisposeAsync();
        }

        async Task<int> MigrateAsync()
        {
            await using var migrations = await ProcessUnderTest.StartAsync("migrations", await CommandOf("migrations"));
            var code = await migrations.Exited;
            log = migrations.Log;
            return code;
        }

        async Task<StartCommand> CommandOf(string name)
        {
            var (environment, arguments) = await model.ConfigurationOf(name);
            return model[name] is ExecutableResource { Command: var command }
                ? new StartCommand(command, [.. arguments]) { Environment = environment }
                : StartCommand.Dotnet(
                    Clone.Program(Path.GetFileNameWithoutExtension(((ProjectResource)model[name]).GetProjectMetadata().ProjectPath)), [.. arguments]) with
                {
                    Environment = environment,
                };
        }

        async Task<string> UrlOf(string name)
        {
            await model.ConfigurationOf(name);
            return ((IResourceWithEndpoints)model[name]).GetEndpoint("http").Url;
        }
    }
}
