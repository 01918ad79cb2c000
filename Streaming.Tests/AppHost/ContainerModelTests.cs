using System.Net;
using System.Net.Sockets;
using Aspire.Hosting.ApplicationModel;
using Streaming.AppHost.Local;

namespace Streaming.Tests.AppHost;

public sealed class ContainerModelTests(ContainerModelTests.Built built) : IClassFixture<ContainerModelTests.Built>
{
    private readonly AppHostModel _model = built.Model;

    [Fact]
    public void It_has_everything_a_stream_needs() =>
        Assert.Superset(
            new HashSet<string> { "postgres", "streamingdb", "redis", "livekit", "ingress", "migrations", "api", "worker" },
            _model.Names.ToHashSet());

    [Theory]
    [InlineData("api")]
    [InlineData("worker")]
    public async Task A_service_is_told_where_everything_is(string service)
    {
        var (environment, arguments) = await _model.ConfigurationOf(service);

        Assert.Contains("Database=streamingdb", environment["ConnectionStrings__streamingdb"], StringComparison.Ordinal);
        Assert.Contains($"Password={Secrets.Of("postgres-password")}", environment["ConnectionStrings__streamingdb"], StringComparison.Ordinal);
        Assert.Contains($",password={Secrets.Of("redis-password")}", environment["ConnectionStrings__redis"], StringComparison.Ordinal);
        Assert.StartsWith("http://localhost:", environment["LiveKit__Url"], StringComparison.Ordinal);
        Assert.Equal("devkey", environment["LiveKit__ApiKey"]);
        Assert.Equal(Secrets.Of("livekit-api-secret"), environment["LiveKit__ApiSecret"]);
        Assert.Equal("Development", environment["ASPNETCORE_ENVIRONMENT"]);
        Assert.Empty(arguments);
    }

    [Fact]
    public async Task A_secret_is_in_one_variable_of_a_service_each()
    {
        foreach (var service in (string[])["api", "worker", "migrations"])
        {
            var (environment, arguments) = await _model.ConfigurationOf(service);
            foreach (var secret in Secrets.Parameters.Select(Secrets.Of))
                Assert.InRange(environment.Values.Count(value => value.Contains(secret, StringComparison.Ordinal)), 0, 1);
            Assert.DoesNotContain(arguments, argument => argument.Contains(Secrets.Canary, StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task Only_local_work_gets_the_development_issuer_and_users_to_try_things_with()
    {
        Assert.Equal("true", (await _model.ConfigurationOf("api")).Environment["DevelopmentIssuer__Enabled"]);
        Assert.Equal(["--migrate", "--seed"], (await _model.ConfigurationOf("migrations")).Arguments);

        await using var published = await AppHostModel.BuildAsync("--operation", "publish", "--step", "publish-manifest");
        Assert.DoesNotContain("DevelopmentIssuer__Enabled", (await published.ConfigurationOf("api")).Environment.Keys);
        Assert.Equal(["--migrate"], (await published.ConfigurationOf("migrations")).Arguments);
    }

    [Fact]
    public void Nobody_starts_before_what_he_needs_is_healthy()
    {
        Assert.Contains(("streamingdb", WaitType.WaitUntilHealthy), _model.WaitsOf("migrations"));
        foreach (var service in (string[])["api", "worker"])
        {
            Assert.Contains(("migrations", WaitType.WaitForCompletion), _model.WaitsOf(service));
            Assert.Contains(("redis", WaitType.WaitUntilHealthy), _model.WaitsOf(service));
        }
        foreach (var resource in (string[])["postgres", "redis", "livekit", "ingress", "api", "worker"])
            Assert.NotEmpty(_model[resource].Annotations.OfType<HealthCheckAnnotation>());
    }

    [Fact]
    public async Task Redis_keeps_every_accepted_event_on_its_disk()
    {
        var (_, arguments) = await _model.ConfigurationOf("redis");
        var line = string.Join(' ', arguments);

        Assert.StartsWith("redis-server --requirepass $REDIS_PASSWORD ", line, StringComparison.Ordinal);
        Assert.Contains(" --appendonly yes --appendfsync always ", line, StringComparison.Ordinal);
        Assert.Contains(" --maxmemory-policy noeviction", line, StringComparison.Ordinal);
        Assert.Equal(" --save \"\"", line[line.LastIndexOf(" --save", StringComparison.Ordinal)..][..10]); // Redis takes the last
    }

    [Fact]
    public async Task LiveKit_sends_what_the_worker_applies_to_the_API()
    {
        var (environment, _) = await _model.ConfigurationOf("livekit");
        var configuration = environment["LIVEKIT_CONFIG"];

        Assert.Matches(@"webhook:\n  api_key: devkey\n  urls:\n    - http://\S+/api/webhook/livekit\n", configuration);
        Assert.Contains("- track_published", configuration, StringComparison.Ordinal);
        Assert.Contains("max_age: 5m", configuration, StringComparison.Ordinal);
        Assert.DoesNotContain("${", configuration, StringComparison.Ordinal);
        Assert.Equal($"devkey: {Secrets.Of("livekit-api-secret")}", environment["LIVEKIT_KEYS"]);
        Assert.Equal(Secrets.Of("redis-password"), environment["REDIS_PASSWORD"]);
    }

    [Fact]
    public async Task OBS_reaches_ingress_at_the_address_that_LiveKit_hands_out()
    {
        var rtmp = _model["ingress"].Annotations.OfType<EndpointAnnotation>().Single(endpoint => endpoint.Name == "rtmp");
        Assert.Equal((1935, 1935, false), (rtmp.Port, rtmp.TargetPort, rtmp.IsProxied));
        Assert.Contains("rtmp_base_url: rtmp://localhost:1935/x", (await _model.ConfigurationOf("livekit")).Environment["LIVEKIT_CONFIG"], StringComparison.Ordinal);

        var (environment, _) = await _model.ConfigurationOf("ingress");
        Assert.Contains("rtmp_cpu_cost: 1.2", environment["INGRESS_CONFIG_BODY"], StringComparison.Ordinal);
        Assert.Contains($"password: {Secrets.Of("redis-password")}", environment["INGRESS_CONFIG_BODY"], StringComparison.Ordinal);
        Assert.Matches(@"^ws://\S+:\d+$", environment["LIVEKIT_WS_URL"]);
    }

    [Fact]
    public async Task A_real_LiveKit_that_the_environment_names_takes_the_place_of_ours()
    {
        await using var model = await AppHostModel.BuildAsync(
            "--LIVEKIT_URL=https://livekit.example", "--LIVEKIT_API_KEY=their-key", $"--LIVEKIT_API_SECRET={Secrets.Of("livekit-api-secret")}", "--containers");
        var (environment, _) = await model.ConfigurationOf("api");

        Assert.Equal(("https://livekit.example", "their-key"), (environment["LiveKit__Url"], environment["LiveKit__ApiKey"]));
        Assert.Equal(Secrets.Of("livekit-api-secret"), environment["LiveKit__ApiSecret"]);
        Assert.DoesNotContain("livekit", model.Names);
        Assert.DoesNotContain("ingress", model.Names);
    }

    [Fact]
    public async Task Half_a_real_LiveKit_is_refused_with_one_sentence()
    {
        var refused = await Assert.ThrowsAsync<SetupException>(() => AppHostModel.BuildAsync("--LIVEKIT_URL=https://livekit.example", "--containers"));
        Assert.Contains("missing: LIVEKIT_API_KEY, LIVEKIT_API_SECRET", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_dashboard_of_a_second_system_gets_a_port_of_its_own()
    {
        using var first = new TcpListener(IPAddress.Loopback, 0);
        first.Start();
        var taken = $"http://localhost:{((IPEndPoint)first.LocalEndpoint).Port}";
        await using var model = await AppHostModel.BuildAsync($"--ASPNETCORE_URLS={taken}", "--containers");

        Assert.StartsWith("http://localhost:", model.Setting("ASPNETCORE_URLS"), StringComparison.Ordinal);
        Assert.NotEqual(taken, model.Setting("ASPNETCORE_URLS"));
    }

    public sealed class Built : IAsyncLifetime
    {
        internal AppHostModel Model { get; private set; } = null!;

        public async Task InitializeAsync() => Model = await AppHostModel.BuildAsync("--containers");

        public async Task DisposeAsync() => await Model.DisposeAsync();
    }
}
