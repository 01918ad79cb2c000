using Streaming.AppHost.Local;

// The system of AppHost.cs, started without Aspire: for a package feed that lacks it.
using var signals = new StopSignals();
var stop = signals.Token;
try
{
    var realLiveKit = LiveKitServer.FromEnvironment(Environment.GetEnvironmentVariable);
    using var instance = await Instance.ClaimAsync(Clone.Local, fresh: args.Contains("--fresh"), stop);
    var secrets = await LocalSecrets.OfAsync(instance, stop);
    var ports = new FreePorts(instance.DataDirectory);
    string Loopback() => $"http://127.0.0.1:{ports.Next()}";
    var (api, worker, liveKit) = (Loopback(), Loopback(), realLiveKit ?? new LiveKitServer(Loopback(), "devkey", secrets.LiveKit));

    var preparing = LocalPostgres.PrepareAsync(instance.PostgresDirectory, ports.Next(), secrets.Postgres, stop: stop);
    await Progress.WhileAsync("preparing PostgreSQL", preparing);
    var postgres = await preparing;
    var redis = await LocalRedis.PrepareAsync(instance.RedisDirectory, ports.Next(), secrets.Redis, stop);
    var settings = new Dictionary<string, string>
    {
        ["ASPNETCORE_ENVIRONMENT"] = "Development",
        ["DOTNET_ENVIRONMENT"] = "Development",
        ["ConnectionStrings__streamingdb"] = postgres.ConnectionString(),
        ["ConnectionStrings__redis"] = redis.ConnectionString,
        ["LiveKit__Url"] = liveKit.Url,
        ["LiveKit__ApiKey"] = liveKit.ApiKey,
        ["LiveKit__ApiSecret"] = liveKit.ApiSecret.Reveal(),
        ["DevelopmentIssuer__Enabled"] = "true",
        ["DevelopmentIssuer__KeyFile"] = Path.Combine(instance.DataDirectory, "development-issuer.pem"),
    };
    StartCommand Service(string project, string url, params string[] arguments) =>
        StartCommand.Dotnet(Clone.Program(project), arguments) with { Environment = new Dictionary<string, string>(settings) { ["ASPNETCORE_URLS"] = url } };

    var simulator = StartCommand.Dotnet(Clone.Program("LiveKitSimulator"), "serve", "--urls", liveKit.Url, "--webhook", api + "/api/webhook/livekit") with
    {
        Environment = new Dictionary<string, string> { ["LIVEKIT_API_KEY"] = liveKit.ApiKey, ["LIVEKIT_API_SECRET"] = liveKit.ApiSecret.Reveal() },
    };

    await using var processes = new Processes(instance.LogDirectory);
    await processes.StartAsync("postgres", postgres.Command, $"127.0.0.1:{postgres.Port}", postgres.IsReadyAsync);
    await processes.StartAsync("redis", redis.Command, $"127.0.0.1:{redis.Port}", redis.IsReadyAsync);
    await processes.ReadyAsync(stop);
    await processes.CompleteAsync(
        "migrations", Service("Streaming.WebhookWorker", worker, "--migrate", "--seed"),
        done: "applied, users seeded", advice: "if the data are of another version, ./run --fresh starts anew.", stop);

    if (realLiveKit is null) await processes.StartAsync("livekit", simulator, liveKit.Url + " (simulator)", HealthProbe.At(liveKit.Url + "/simulator/health"));
    await processes.StartAsync("worker", Service("Streaming.WebhookWorker", worker), worker, HealthProbe.At(worker + "/health"));
    await processes.StartAsync("api", Service("Streaming.Api", api), api, HealthProbe.At(api + "/health"));
    await processes.ReadyAsync(stop);

    var system = new RunningSystem(api, liveKit, postgres.ConnectionString(), redis.ConnectionString, await DevelopmentTokens.FromAsync(api, stop));
    await system.WriteAsync(instance, stop);
    Welcome.Print(system, instance, simulated: realLiveKit is null);
    await processes.RunAsync(stop);
    return 0;
}
catch (OperationCanceledException) when (stop.IsCancellationRequested)
{
    return 0;
}
catch (SetupException problem)
{
    Console.Error.WriteLine(problem.Message);
    return 1;
}
