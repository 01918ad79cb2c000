using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.IdentityModel.Tokens;
using Streaming.Api.Auth;
using Streaming.Api.Http;
using Streaming.AppHost.Local;
using Streaming.Tests.Api;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Security;

public sealed class DevelopmentIssuerTests : IAsyncLifetime
{
    private readonly string _keyFile = Path.Combine(TestDirectory.New("issuer"), "deeper", "key");
    private TestDatabase _database = null!;

    public async Task InitializeAsync() => _database = await TestDatabase.NewAsync();

    public async Task DisposeAsync() => await _database.DisposeAsync();

    [Fact]
    public async Task Its_token_opens_the_api_for_twelve_hours()
    {
        await using var app = await Start();
        var (token, expiresAt) = await Ask(app, "dev-creator");

        Assert.Equal("dev-creator", await (await app.Get("/me", token)).Content.ReadAsStringAsync());
        Assert.InRange(expiresAt - TimeProvider.System.GetUtcNow(), TimeSpan.FromHours(11.9), TimeSpan.FromHours(12));
        var header = JsonDocument.Parse(Base64UrlEncoder.Decode(token.Split('.')[0])).RootElement;
        var key = (await (await app.Get("/dev/jwks")).Json()).GetProperty("keys")[0];
        Assert.Equal(("EdDSA", key.GetProperty("kid").GetString()), (header.GetProperty("alg").GetString(), header.GetProperty("kid").GetString()));
        Assert.False(key.TryGetProperty("d", out _));
    }

    [Fact]
    public async Task Its_tokens_outlive_a_restart_and_are_good_at_every_process_with_the_same_key()
    {
        await using var first = await Start();
        await using var twin = await Start();
        var (token, _) = await Ask(first, "dev-viewer");

        Assert.Equal(200, (int)(await twin.Get("/me", token)).StatusCode);
    }

    [Fact]
    public async Task Its_key_is_readable_by_its_owner_only()
    {
        await using var app = await Start();
        await Ask(app, "dev-viewer");

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_keyFile));
        Assert.Single(Directory.GetFiles(Path.GetDirectoryName(_keyFile)!));
    }

    [Theory]
    [InlineData("""{"userId":"a:b"}""", "validation_failed")]
    [InlineData("""{"userId":""}""", "validation_failed")]
    [InlineData("{}", "invalid_json")]
    [InlineData("""{"userId":null}""", "invalid_json")]
    [InlineData("""{"userId":"a","role":"admin"}""", "invalid_json")]
    public async Task It_refuses_what_is_no_user_id(string body, string code)
    {
        await using var app = await Start();

        await (await app.Send(HttpMethod.Post, "/dev/tokens", body)).IsError(400, code);
    }

    [Fact]
    public async Task It_is_refused_in_production_with_one_sentence()
    {
        var (code, output) = await Run(new() { ["ASPNETCORE_ENVIRONMENT"] = "Production", ["DevelopmentIssuer__Enabled"] = "true", ["DevelopmentIssuer__KeyFile"] = _keyFile });

        Assert.Equal(1, code);
        Assert.Equal("DevelopmentIssuer is refused in Production: it gives a token for any user to whoever asks.", output);
        Assert.False(File.Exists(_keyFile));
    }

    [Theory]
    [InlineData("SessionTokens__JwksUrl", "http://auth.example.com/jwks", "SessionTokens:JwksUrl must be an https address, or http on this machine.")]
    [InlineData("SessionTokens__JwksUrl", "jwks", "SessionTokens:JwksUrl must be an https address, or http on this machine.")]
    [InlineData("SessionTokens__Algorithms__0", "HS256", "SessionTokens:Algorithms may hold EdDSA, ES256, RS256 only.")]
    [InlineData("SessionTokens__Audience", "", "SessionTokens:JwksUrl, SessionTokens:Issuer and SessionTokens:Audience must say whose session tokens to accept.")]
    [InlineData("LiveKit__ApiSecret", "31-bytes-are-too-few-for-HS-256", "LiveKit:ApiSecret must be at least 32 bytes long.")]
    [InlineData("Http__CorsOrigins__0", "*", "Http:CorsOrigins has \"*\", which is not an exact origin such as https://www.example.com.")]
    [InlineData("Http__CorsOrigins__0", "null", "Http:CorsOrigins has \"null\", which is not an exact origin such as https://www.example.com.")]
    [InlineData("Http__KnownProxies__0", "proxy", "Http:KnownProxies has \"proxy\", which is neither an IP address nor a network such as 10.0.0.0/8.")]
    public async Task A_setting_that_cannot_be_right_ends_the_process_with_one_sentence(string setting, string value, string sentence)
    {
        var (code, output) = await Run(new()
        {
            ["ASPNETCORE_ENVIRONMENT"] = "Production",
            ["SessionTokens__JwksUrl"] = "https://auth.example.com/jwks",
            ["SessionTokens__Issuer"] = "i",
            ["SessionTokens__Audience"] = "a",
            [setting] = value,
        });

        Assert.Equal((1, sentence), (code, output));
    }

    private Task<SmallApp> Start() => SmallApp.Start(
        app =>
        {
            app.MapDevelopment();
            app.MapGet("/me", (CurrentUser user) => user.Id);
        },
        database: _database, environment: "Development", settings: new Dictionary<string, string?>
        {
            ["DevelopmentIssuer:Enabled"] = "true",
            ["DevelopmentIssuer:KeyFile"] = _keyFile,
            ["SessionTokens:JwksUrl"] = null,
            ["SessionTokens:Issuer"] = null,
            ["SessionTokens:Audience"] = null,
        });

    private static async Task<(string Token, DateTimeOffset ExpiresAt)> Ask(SmallApp app, string userId)
    {
        var answer = await (await app.Send(HttpMethod.Post, "/dev/tokens", $$"""{"userId":"{{userId}}"}""")).Json();
        return (answer.GetProperty("token").GetString()!, answer.GetProperty("expiresAt").GetDateTimeOffset());
    }

    /// <summary>The API as a process: its exit code and all that it said.</summary>
    private static async Task<(int Code, string Output)> Run(Dictionary<string, string> settings)
    {
        var environment = new Dictionary<string, string>
        {
            ["ASPNETCORE_URLS"] = "http://127.0.0.1:0",
            ["ConnectionStrings__streamingdb"] = "Host=127.0.0.1;Port=1",
            ["ConnectionStrings__redis"] = "127.0.0.1:1",
            ["LiveKit__Url"] = "http://127.0.0.1:1",
            ["LiveKit__ApiKey"] = "key",
            ["LiveKit__ApiSecret"] = "a-livekit-secret-of-at-least-32-bytes",
        };
        foreach (var (name, value) in settings) environment[name] = value;
        await using var process = await ProcessUnderTest.StartAsync("api", StartCommand.Dotnet(Clone.Program("Streaming.Api")) with { Environment = environment });
        var code = await process.Exited.WaitAsync(TimeSpan.FromSeconds(30));
        return (code, process.Log.Trim());
    }
}
