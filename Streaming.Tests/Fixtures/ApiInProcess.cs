using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.Extensions.Logging;
using Streaming.Api.Auth;

namespace Streaming.Tests.Fixtures;

/// <summary>The API in this process on a real Kestrel, for tests that look at its routes. What it needs of the world is set and away.</summary>
public sealed class ApiInProcess : WebApplicationFactory<CurrentUser>
{
    /// <summary>Of a frontend that may call from a browser.</summary>
    public const string Origin = "https://www.example.com";

    public const string LiveKitSecret = "a-livekit-secret-of-at-least-32-bytes";

    private readonly Leaks.OfLogs _logs = new();
    private readonly string _environment;

    public ApiInProcess(string environment)
    {
        _environment = environment;
        UseKestrel(0);
        StartServer();
    }

    /// <summary>Its answers are searched as those of every other API.</summary>
    public HttpClient NewClient() => new(new Leaks.OfAnswers(new SocketsHttpHandler { AllowAutoRedirect = false })) { BaseAddress = ClientOptions.BaseAddress };

    protected override void ConfigureWebHost(IWebHostBuilder builder)
    {
        builder.UseEnvironment(_environment);
        builder.ConfigureLogging(logging => logging.ClearProviders().AddProvider(_logs));
        foreach (var (name, value) in new Dictionary<string, string>
        {
            ["ConnectionStrings:streamingdb"] = "Host=127.0.0.1;Port=1;Timeout=1",
            ["ConnectionStrings:redis"] = "127.0.0.1:1",
            ["LiveKit:Url"] = "http://127.0.0.1:1",
            ["LiveKit:ApiKey"] = "key",
            ["LiveKit:ApiSecret"] = LiveKitSecret,
            ["Http:CorsOrigins:0"] = Origin,
            ["RateLimits:Anonymous:Requests"] = "100000",
        }) builder.UseSetting(name, value);

        if (_environment == "Production")
        {
            builder.UseSetting("SessionTokens:JwksUrl", "https://auth.invalid/jwks");
            builder.UseSetting("SessionTokens:Issuer", AuthServer.Issuer);
            builder.UseSetting("SessionTokens:Audience", AuthServer.Audience);
        }
        else
        {
            builder.UseSetting("DevelopmentIssuer:Enabled", "true");
            builder.UseSetting("DevelopmentIssuer:KeyFile", Path.Combine(TestDirectory.New("issuer"), "key"));
        }
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _logs.Search();
    }
}
