using System.Net;
using System.Reflection;
using Aspire.Hosting;
using Aspire.Hosting.Testing;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.AppHost;

public sealed class OrchestratedRunTests
{
    [OrchestratorFact]
    public async Task The_whole_system_becomes_healthy_under_Aspire()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        await using var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.Streaming_AppHost>(
            [.. Secrets.Arguments, $"--StateDirectory={TestDirectory.New("apphost")}", "--local"], patience.Token);
        await using var app = await builder.BuildAsync(patience.Token);
        await app.StartAsync(patience.Token);

        foreach (var service in (string[])["worker", "api"])
        {
            await app.ResourceNotifications.WaitForResourceHealthyAsync(service, patience.Token);
            using var client = app.CreateHttpClient(service);
            using var answer = await client.GetAsync(new Uri("/health", UriKind.Relative), patience.Token);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }
    }

    /// <summary>Skipped where Aspire's orchestrator, which comes as a package for each platform, is not there.</summary>
    private sealed class OrchestratorFactAttribute : FactAttribute
    {
        public OrchestratorFactAttribute()
        {
            var orchestrator = typeof(Projects.Streaming_AppHost).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
                .SingleOrDefault(metadata => metadata.Key == "dcpclipath")?.Value;
            if (!File.Exists(orchestrator)) Skip = $"Aspire's orchestrator is not installed ({orchestrator}).";
        }
    }
}
