using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Streaming.AppHost.Local;

namespace Streaming.AppHost.Model;

/// <summary>The servers of this machine as resources, for work without a container engine.</summary>
internal static class LocalServers
{
    public static IResourceBuilder<IResourceWithConnectionString> AddLocalPostgres(
        this IDistributedApplicationBuilder builder, string name, LocalPostgres server) =>
        builder.AddServer(name, "postgres-server", server.Command, server.Port, server.IsReadyAsync, () => server.ConnectionString());

    public static IResourceBuilder<IResourceWithConnectionString> AddLocalRedis(
        this IDistributedApplicationBuilder builder, string name, LocalRedis server) =>
        builder.AddServer(name, "redis-server", server.Command, server.Port, server.IsReadyAsync, () => server.ConnectionString);

    private static IResourceBuilder<ConnectionStringResource> AddServer(
        this IDistributedApplicationBuilder builder,
        string name,
        string processName,
        StartCommand command,
        int port,
        Func<CancellationToken, Task<bool>> isReady,
        Func<string> connectionString)
    {
        builder.Services.AddHealthChecks().AddAsyncCheck(
            processName, async stop => await isReady(stop) ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy());

        string[] line = command.Line();
        var process = builder.AddExecutable(processName, line[0], workingDirectory: "/", line[1..])
            .WithEndpoint(port: port, targetPort: port, scheme: "tcp", isProxied: false)
            .WithHealthCheck(processName);

        var secret = builder.AddParameter(name + "-connection", connectionString, secret: true);
        return builder.AddConnectionString(name, ReferenceExpression.Create($"{secret}")).WaitFor(process);
    }
}
