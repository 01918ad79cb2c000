using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Eventing;
using Aspire.Hosting.Testing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.AppHost;

/// <summary>The model of the AppHost, complete and held before its start: this needs neither a container engine nor Aspire's orchestrator.</summary>
internal sealed class AppHostModel(IDistributedApplicationTestingBuilder builder, DistributedApplication app, string stateDirectory) : IAsyncDisposable
{
    public string StateDirectory => stateDirectory;

    public IReadOnlyList<IResource> Resources { get; } = [.. app.Services.GetRequiredService<DistributedApplicationModel>().Resources];

    public IEnumerable<string> Names => Resources.Select(resource => resource.Name);

    public string? Setting(string name) => app.Services.GetRequiredService<IConfiguration>()[name];

    public IResource this[string name] => Resources.Single(resource => resource.Name == name);

    public static async Task<AppHostModel> BuildAsync(params string[] arguments)
    {
        var stateDirectory = TestDirectory.New("apphost");
        var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.Streaming_AppHost>(
            [.. Secrets.Arguments, $"--StateDirectory={stateDirectory}", .. arguments]);
        var hold = new Hold();
        builder.Services.Insert(0, ServiceDescriptor.Singleton<IHostedService>(hold));
        var app = await builder.BuildAsync();
        await hold.Reached.WaitAsync(TimeSpan.FromSeconds(60));
        return new AppHostModel(builder, app, stateDirectory);
    }

    /// <summary>What the resource finds in its environment and in its arguments, as if everything it refers to listened somewhere.</summary>
    public async Task<(IReadOnlyDictionary<string, string> Environment, IReadOnlyList<string> Arguments)> ConfigurationOf(string name)
    {
        foreach (var resource in Resources)
            foreach (var endpoint in resource.Annotations.OfType<EndpointAnnotation>().Where(endpoint => endpoint.AllocatedEndpoint is null))
            {
                var port = endpoint.Port ?? TestPorts.Next();
                Allocate(endpoint, "localhost", port, KnownNetworkIdentifiers.LocalhostNetwork);
                var (host, inside) = resource is ContainerResource ? (resource.Name, endpoint.TargetPort ?? port) : ("host.docker.internal", port);
                Allocate(endpoint, host, inside, KnownNetworkIdentifiers.DefaultAspireContainerNetwork);
            }

        var result = await ExecutionConfigurationBuilder.Create(this[name]).WithEnvironmentVariablesConfig().WithArgumentsConfig()
            .BuildAsync(app.Services.GetRequiredService<DistributedApplicationExecutionContext>());
        Assert.Null(result.Exception);
        return (result.EnvironmentVariables.ToDictionary(), [.. result.Arguments.Select(argument => argument.Value)]);
    }

    /// <summary>
    /// Says of resources that somebody else started what the orchestrator would say, so that what the AppHost itself does with running
    /// resources begins: waiting, health checks, arrival.
    /// </summary>
    public async Task ReportAsync(params (string Name, string State)[] reports)
    {
        foreach (var service in app.Services.GetServices<IHostedService>().Where(service => service.GetType().Name is "ResourceHealthCheckService" or "Arrival"))
            await service.StartAsync(CancellationToken.None);
        foreach (var (name, state) in reports)
        {
            var events = app.Services.GetRequiredService<IDistributedApplicationEventing>();
            await events.PublishAsync(new BeforeResourceStartedEvent(this[name], app.Services)).WaitAsync(TimeSpan.FromSeconds(30));
            await app.ResourceNotifications.PublishUpdateAsync(this[name], snapshot => snapshot with { State = state, ExitCode = 0 });
        }
    }

    private static void Allocate(EndpointAnnotation endpoint, string host, int port, NetworkIdentifier network) =>
        endpoint.AllAllocatedEndpoints.AddOrUpdateAllocatedEndpoint(
            network, new AllocatedEndpoint(endpoint, host, port, EndpointBindingMode.SingleAddress, $"{port}", network));

    public IEnumerable<(string Resource, WaitType Until)> WaitsOf(string name) =>
        this[name].Annotations.OfType<WaitAnnotation>().Select(wait => (wait.Resource.Name, wait.WaitType));

    public async ValueTask DisposeAsync()
    {
        await app.DisposeAsync();
        await builder.DisposeAsync();
    }

    /// <summary>Once built, the AppHost's own program goes on to run what it built. As the first of the hosted services, this one lets none start.</summary>
    private sealed class Hold : IHostedService
    {
        private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Reached => _reached.Task;

        public Task StartAsync(CancellationToken cancellationToken)
        {
            _reached.TrySetResult();
            return Task.Delay(Timeout.Infinite, cancellationToken);
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
