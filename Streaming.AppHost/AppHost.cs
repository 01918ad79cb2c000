using Microsoft.Extensions.DependencyInjection;
using Streaming.AppHost.Local;
using Streaming.AppHost.Model;

// What a person can put right, he is told in one sentence.
AppDomain.CurrentDomain.UnhandledException += (_, failure) =>
{
    if (failure.ExceptionObject is not SetupException problem) return;
    Console.Error.WriteLine(problem.Message);
    Environment.Exit(1);
};

// One model, three ways to run it: in containers (the default with a container engine), on the servers of this machine (without one, or
// with --local), and published, where LiveKit and the users' tokens are somebody else's and everything secret is a parameter.
var builder = DistributedApplication.CreateBuilder([.. args.Except(["--local", "--containers", "--fresh"])]);
var publishing = builder.ExecutionContext.IsPublishMode;
var local = !publishing && (args.Contains("--local") || (!args.Contains("--containers") && !await ContainerEngine.AnswersAsync(builder.Configuration)));
using var instance = publishing ? null : await Instance.ClaimAsync(builder.Configuration["StateDirectory"] ?? Clone.Local, args.Contains("--fresh"));

// PostgreSQL, and a Redis that has an accepted event on its disk before it says so.
IResourceBuilder<IResourceWithConnectionString> database, redis;
if (local)
{
    var secrets = await LocalSecrets.OfAsync(instance!);
    var ports = new FreePorts(instance!.DataDirectory);
    database = builder.AddLocalPostgres("streamingdb", await LocalPostgres.PrepareAsync(instance.PostgresDirectory, ports.Next(), secrets.Postgres));
    redis = builder.AddLocalRedis("redis", await LocalRedis.PrepareAsync(instance.RedisDirectory, ports.Next(), secrets.Redis));
}
else
{
    database = builder.AddPostgres("postgres", password: builder.AddGeneratedSecret("postgres-password")).WithDataVolume().AddDatabase("streamingdb");
    redis = builder.AddRedis("redis", password: builder.AddGeneratedSecret("redis-password")).WithSettingsOf("redis.conf").WithoutTls().WithDataVolume();
}

// The schema, brought up to date once, before anybody uses it. Users to try things with are for local work only.
var migrations = Service<Projects.Streaming_WebhookWorker>("migrations")
    .WithArgs(publishing ? ["--migrate"] : ["--migrate", "--seed"])
    .WithReference(database).WaitFor(database);

// The API, and the worker that applies what the API accepted.
var api = Service<Projects.Streaming_Api>("api")
    .WithHttpEndpoint().WithExternalHttpEndpoints().WithHttpHealthCheck("/health")
    .WithUrls(links => links.Urls.Add(new() { Url = "/scalar", DisplayText = "API reference", Endpoint = links.GetEndpoint("http") }))
    .WithReference(database).WithReference(redis).WaitFor(redis).WaitForCompletion(migrations);
var worker = Service<Projects.Streaming_WebhookWorker>("worker")
    .WithHttpEndpoint().WithHttpHealthCheck("/health")
    .WithReference(database).WithReference(redis).WaitFor(redis).WaitForCompletion(migrations);

// LiveKit: one that exists, containers of our own, or the simulator. Its webhooks come to the API.
var webhooks = ReferenceExpression.Create($"{api.GetEndpoint("http")}/api/webhook/livekit");
var liveKit = publishing || LiveKitServer.FromEnvironment(name => builder.Configuration[name]) is not null ? builder.AddExistingLiveKit()
    : local ? builder.AddLiveKitSimulator(webhooks)
    : builder.AddLiveKit(redis, webhooks);
foreach (var service in new[] { api, worker })
    service
        .WithEnvironment("LiveKit__Url", liveKit.Url)
        .WithEnvironment("LiveKit__ApiKey", liveKit.ApiKey)
        .WithEnvironment("LiveKit__ApiSecret", liveKit.ApiSecret);

// Who may call the API: users of an auth server, or, for local work, whoever asks the API for a token.
if (publishing)
    api.WithEnvironment("SessionTokens__JwksUrl", builder.AddParameter("session-tokens-jwks-url"))
        .WithEnvironment("SessionTokens__Issuer", builder.AddParameter("session-tokens-issuer"))
        .WithEnvironment("SessionTokens__Audience", builder.AddParameter("session-tokens-audience"));
else
    api.WithEnvironment("DevelopmentIssuer__Enabled", "true")
        .WithEnvironment("DevelopmentIssuer__KeyFile", Path.Combine(instance!.DataDirectory, "development-issuer.pem"));

if (instance is not null)
{
    Dashboard.MoveFromTakenPorts(builder.Configuration, new FreePorts(instance.DataDirectory));
    if (!local && args.Contains("--fresh"))
        await ContainerEngine.ForgetVolumesAsync(builder);
    builder.Services.AddHostedService(services => ActivatorUtilities.CreateInstance<Arrival>(services, instance, database, redis, liveKit, api, worker));
}

await builder.Build().RunAsync();

IResourceBuilder<ProjectResource> Service<TProject>(string name) where TProject : IProjectMetadata, new()
{
    // The connection string only: what else Aspire would add are further copies of the same passwords.
    var service = builder.AddProject<TProject>(name, launchProfileName: null).WithReferenceEnvironment(ReferenceEnvironmentInjectionFlags.ConnectionString);
    return publishing ? service : service.WithEnvironment("ASPNETCORE_ENVIRONMENT", builder.Environment.EnvironmentName);
}
