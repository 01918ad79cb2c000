using Aspire.Hosting.ApplicationModel;
using Npgsql;

namespace Streaming.Tests.AppHost;

public sealed class LocalModelTests(LocalModelTests.Built built) : IClassFixture<LocalModelTests.Built>
{
    private readonly AppHostModel _model = built.Model;

    [Fact]
    public void It_is_the_same_system_without_a_container()
    {
        Assert.Superset(
            new HashSet<string> { "postgres-server", "streamingdb", "redis-server", "redis", "livekit", "migrations", "api", "worker" },
            _model.Names.ToHashSet());
        Assert.Empty(_model.Resources.OfType<ContainerResource>());
    }

    [Theory]
    [InlineData("api")]
    [InlineData("worker")]
    public async Task A_service_is_told_where_everything_is(string service)
    {
        var (environment, _) = await _model.ConfigurationOf(service);

        var database = new NpgsqlConnectionStringBuilder(environment["ConnectionStrings__streamingdb"]);
        Assert.Equal(("127.0.0.1", "streamingdb"), (database.Host, database.Database));
        Assert.NotEmpty(database.Password!);
        Assert.Matches(@"^127\.0\.0\.1:\d+,password=.{32,}$", environment["ConnectionStrings__redis"]);
        Assert.StartsWith("http://localhost:", environment["LiveKit__Url"], StringComparison.Ordinal);
        Assert.Equal(Secrets.Of("livekit-api-secret"), environment["LiveKit__ApiSecret"]);
    }

    [Fact]
    public void Nobody_starts_before_what_he_needs_is_healthy()
    {
        Assert.Contains(("postgres-server", WaitType.WaitUntilHealthy), _model.WaitsOf("streamingdb"));
        Assert.Contains(("redis-server", WaitType.WaitUntilHealthy), _model.WaitsOf("redis"));
        Assert.Contains(("streamingdb", WaitType.WaitUntilHealthy), _model.WaitsOf("migrations"));
        Assert.Contains(("migrations", WaitType.WaitForCompletion), _model.WaitsOf("api"));
        foreach (var resource in (string[])["postgres-server", "redis-server", "livekit", "api", "worker"])
            Assert.NotEmpty(_model[resource].Annotations.OfType<HealthCheckAnnotation>());
    }

    [Fact]
    public async Task The_simulator_has_the_key_of_the_services_and_sends_its_webhooks_to_the_API()
    {
        var (environment, arguments) = await _model.ConfigurationOf("livekit");

        Assert.Equal("serve", arguments[0]);
        Assert.Matches(@"^http://\S+/api/webhook/livekit$", arguments[arguments.ToList().IndexOf("--webhook") + 1]);
        Assert.Equal(("devkey", Secrets.Of("livekit-api-secret")), (environment["LIVEKIT_API_KEY"], environment["LIVEKIT_API_SECRET"]));
    }

    [Fact]
    public async Task No_secret_is_an_argument()
    {
        var (api, _) = await _model.ConfigurationOf("api");
        string[] secrets =
        [
            new NpgsqlConnectionStringBuilder(api["ConnectionStrings__streamingdb"]).Password!,
            api["ConnectionStrings__redis"].Split("password=")[1],
            api["LiveKit__ApiSecret"],
        ];
        foreach (var resource in _model.Resources.OfType<IResourceWithArgs>().Where(resource => resource is ExecutableResource or ProjectResource))
            foreach (var argument in (await _model.ConfigurationOf(resource.Name)).Arguments)
                Assert.DoesNotContain(secrets, secret => argument.Contains(secret, StringComparison.Ordinal));
        Assert.All(
            _model.Resources.OfType<ParameterResource>().Where(parameter => parameter.Name is not ("livekit-api-key" or "livekit-url")),
            parameter => Assert.True(parameter.Secret, parameter.Name));
    }

    public sealed class Built : IAsyncLifetime
    {
        internal AppHostModel Model { get; private set; } = null!;

        public async Task InitializeAsync() => Model = await AppHostModel.BuildAsync("--local");

        public async Task DisposeAsync() => await Model.DisposeAsync();
    }
}
