using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Streaming.AppHost.Local;

namespace Streaming.AppHost.Model;

/// <summary>Once everything is ready: says where it is, to people on the terminal and to scripts in the run file.</summary>
internal sealed partial class Arrival(
    Instance instance,
    IResourceBuilder<IResourceWithConnectionString> database,
    IResourceBuilder<IResourceWithConnectionString> redis,
    LiveKit liveKit,
    IResourceBuilder<ProjectResource> api,
    IResourceBuilder<ProjectResource> worker,
    ResourceNotificationService resources,
    ILogger<Arrival> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            foreach (var resource in (IResource?[])[liveKit.Resource, worker.Resource, api.Resource])
                if (resource is not null)
                    await resources.WaitForResourceHealthyAsync(resource.Name, stoppingToken);

            var url = api.GetEndpoint("http").Url;
            var secret = await liveKit.ApiSecret.Resource.GetValueAsync(stoppingToken);
            var system = new RunningSystem(
                url,
                new LiveKitServer((await liveKit.Url.GetValueAsync(stoppingToken))!, (await liveKit.ApiKey.Resource.GetValueAsync(stoppingToken))!, new Secret(secret!)),
                (await database.Resource.GetConnectionStringAsync(stoppingToken))!,
                (await redis.Resource.GetConnectionStringAsync(stoppingToken))!,
                await DevelopmentTokens.FromAsync(url, stoppingToken));
            await system.WriteAsync(instance, stoppingToken);
            Welcome.Print(system, instance, liveKit.IsSimulated, logs: "the dashboard");
        }
        catch (Exception failure) when (failure is DistributedApplicationException or SetupException)
        {
            Log.NotReady(logger, failure.Message); // the dashboard shows what and why
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Error, "Not ready: {Reason}")]
        public static partial void NotReady(ILogger logger, string reason);
    }
}
