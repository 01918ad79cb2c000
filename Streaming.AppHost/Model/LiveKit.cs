using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace Streaming.AppHost.Model;

/// <summary>The LiveKit of this system, and how to talk to it.</summary>
internal sealed record LiveKit(ReferenceExpression Url, IResourceBuilder<ParameterResource> ApiKey, IResourceBuilder<ParameterResource> ApiSecret)
{
    /// <summary>The resource to wait for, if it is one of ours.</summary>
    public IResource? Resource { get; init; }

    public bool IsSimulated => Resource is ProjectResource;
}

internal static class LiveKitResources
{
    /// <summary>One that runs elsewhere. That it sends its webhooks to our API is set up there.</summary>
    public static LiveKit AddExistingLiveKit(this IDistributedApplicationBuilder builder) => new(
        ReferenceExpression.Create($"{builder.AddParameterFromConfiguration("livekit-url", "LIVEKIT_URL")}"),
        builder.AddParameterFromConfiguration("livekit-api-key", "LIVEKIT_API_KEY"),
        builder.AddParameterFromConfiguration("livekit-api-secret", "LIVEKIT_API_SECRET", secret: true));

    public static LiveKit AddLiveKitSimulator(this IDistributedApplicationBuilder builder, ReferenceExpression webhooks)
    {
        var (key, secret) = builder.AddLiveKitKey();
        var simulator = builder.AddProject<Projects.LiveKitSimulator>("livekit", launchProfileName: null);
        var http = simulator.WithHttpEndpoint().GetEndpoint("http");
        simulator.WithHttpHealthCheck("/simulator/health")
            .WithArgs("serve", "--urls", ReferenceExpression.Create($"http://127.0.0.1:{http.Property(EndpointProperty.TargetPort)}"), "--webhook", webhooks)
            .WithEnvironment("LIVEKIT_API_KEY", key)
            .WithEnvironment("LIVEKIT_API_SECRET", secret);
        return new LiveKit(ReferenceExpression.Create($"{http}"), key, secret) { Resource = simulator.Resource };
    }

    /// <summary>LiveKit itself and its ingress, as containers: for OBS at rtmp://localhost:1935/x.</summary>
    public static LiveKit AddLiveKit(
        this IDistributedApplicationBuilder builder, IResourceBuilder<IResourceWithConnectionString> redis, ReferenceExpression webhooks)
    {
        var (key, secret) = builder.AddLiveKitKey();
        var redisParts = redis.Resource.GetConnectionProperties().ToDictionary();
        var redisAddress = ReferenceExpression.Create($"{redisParts["Host"]}:{redisParts["Port"]}");

        // Media ports are fixed and not proxied: LiveKit tells clients the numbers it listens on itself.
        var server = builder.AddContainer("livekit", "livekit/livekit-server", "v1.13.5")
            .WithHttpEndpoint(port: 7880, targetPort: 7880).WithHttpHealthCheck("/")
            .WithEndpoint(port: 7881, targetPort: 7881, name: "media-tcp", isProxied: false)
            .WithEndpoint(port: 7882, targetPort: 7882, name: "media-udp", isProxied: false, protocol: ProtocolType.Udp)
            .WithEnvironment("LIVEKIT_CONFIG", builder.Fill("livekit.yaml", ("API_KEY", ReferenceExpression.Create($"{key}")), ("WEBHOOK_URL", webhooks)))
            .WithEnvironment("LIVEKIT_KEYS", $"{key}: {secret}")
            .WithEnvironment("REDIS_HOST", redisAddress)
            .WithEnvironment("REDIS_PASSWORD", redisParts["Password"])
            .WaitFor(redis);
        var http = server.GetEndpoint("http");

        builder.AddContainer("ingress", "livekit/ingress", "v1.5.0")
            .WithEndpoint(port: 1935, targetPort: 1935, scheme: "rtmp", name: "rtmp", isProxied: false)
            .WithHttpEndpoint(port: 8085, targetPort: 8085, name: "whip")
            .WithEndpoint(port: 7885, targetPort: 7885, name: "media-udp", isProxied: false, protocol: ProtocolType.Udp)
            .WithHttpEndpoint(targetPort: 9091, name: "health").WithHttpHealthCheck("/", endpointName: "health")
            .WithEnvironment("INGRESS_CONFIG_BODY", builder.Fill("ingress.yaml", ("REDIS_ADDRESS", redisAddress), ("REDIS_PASSWORD", redisParts["Password"])))
            .WithEnvironment("LIVEKIT_API_KEY", key)
            .WithEnvironment("LIVEKIT_API_SECRET", secret)
            .WithEnvironment("LIVEKIT_WS_URL", $"ws://{http.Property(EndpointProperty.HostAndPort)}")
            .WithParentRelationship(server)
            .WaitFor(server);

        return new LiveKit(ReferenceExpression.Create($"{http}"), key, secret) { Resource = server.Resource };
    }

    private static (IResourceBuilder<ParameterResource> Key, IResourceBuilder<ParameterResource> Secret) AddLiveKitKey(this IDistributedApplicationBuilder builder) =>
        (builder.AddParameter("livekit-api-key", "devkey"), builder.AddGeneratedSecret("livekit-api-secret"));

    /// <summary>A configuration file with its ${NAMES} filled in, to be handed over in a variable: addresses are known only when things run.</summary>
    private static ReferenceExpression Fill(this IDistributedApplicationBuilder builder, string file, params (string Name, ReferenceExpression Value)[] values)
    {
        var lines = File.ReadLines(Path.Combine(builder.AppHostDirectory, file)).Where(line => line.TrimStart() is not ("" or ['#', ..]));
        var filled = new ReferenceExpressionBuilder();
        foreach (var (index, part) in Regex.Split(string.Join('\n', lines), @"\$\{(\w+)\}").Index())
            if (index % 2 == 0)
                filled.AppendLiteral(part);
            else
                filled.AppendFormatted(values.Single(value => value.Name == part).Value);
        return filled.Build();
    }
}
