using System.Text.Json.Serialization;

namespace LiveKitSimulator;

/// <summary>A running simulator, in this process. Any number of them can run side by side.</summary>
public sealed class LiveKitSimulatorHost : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly HttpClient http;

    private LiveKitSimulatorHost(WebApplication app, SimulatorOptions options)
    {
        this.app = app;
        Options = options;
        Address = new Uri(app.Urls.First());
        http = new HttpClient(new SocketsHttpHandler()) { BaseAddress = Address };
        Client = new SimulatorClient(http);
    }

    public SimulatorOptions Options { get; }

    /// <summary>LiveKit's URL, as far as its clients can tell.</summary>
    public Uri Address { get; }

    public SimulatorClient Client { get; }

    public static async Task<LiveKitSimulatorHost> StartAsync(SimulatorOptions options, CancellationToken ct = default)
    {
        if (options.Complaint() is { } complaint) throw new ArgumentException(complaint, nameof(options));

        // Neither a settings file nor a variable that is meant for whoever started it (ASPNETCORE_URLS, say) has a say here.
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration.Sources.Clear();
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning);
        builder.Services.ConfigureHttpJsonOptions(json => json.SerializerOptions.Converters.Add(new JsonStringEnumConverter()));
        builder.Services.AddValidation();
        builder.Services
            .AddSingleton(options)
            .AddSingleton<DeliveryFaults>().AddSingleton<ApiFaults>()
            .AddSingleton<Webhooks>()
            .AddSingleton<Rooms>().AddSingleton<Ingresses>().AddSingleton<Stories>()
            .AddSingleton<TwirpCalls>().AddSingleton<TwirpMethods>().AddSingleton<TwirpEndpoint>();

        var app = builder.Build();
        foreach (var url in options.Urls.Split(';')) app.Urls.Add(url);
        TwirpEndpoint.Map(app);
        app.MapStories();
        await app.StartAsync(ct);
        return new LiveKitSimulatorHost(app, options);
    }

    public Task WaitForShutdown(CancellationToken ct = default) => app.WaitForShutdownAsync(ct);

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        await app.DisposeAsync();
    }
}
