using System.Text.Json;
using System.Text.RegularExpressions;
using Aspire.Hosting;
using Aspire.Hosting.Testing;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.AppHost;

/// <summary>What a deployment gets to read.</summary>
public sealed partial class ManifestTests : IAsyncLifetime
{
    private string _text = "";
    private JsonElement _resources;

    public async Task InitializeAsync()
    {
        var file = Path.Combine(TestDirectory.New("manifest"), "manifest.json");
        await using var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.Streaming_AppHost>(
        [
            .. Secrets.Arguments, $"--LIVEKIT_API_SECRET={Secrets.Of("livekit-api-secret")}",
            "--operation", "publish", "--step", "publish-manifest", "--output-path", file,
        ]);
        await using var app = await builder.BuildAsync();
        await app.StartAsync();
        await Eventually.True(() => TryRead(file, out _text), within: TimeSpan.FromSeconds(60));
        _resources = JsonDocument.Parse(_text).RootElement.GetProperty("resources");
    }

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public void It_holds_no_secret_and_marks_those_it_asks_for()
    {
        Assert.DoesNotContain(Secrets.Canary, _text, StringComparison.Ordinal);
        foreach (var parameter in Secrets.Parameters)
            Assert.True(_resources.GetProperty(parameter).GetProperty("inputs").GetProperty("value").GetProperty("secret").GetBoolean(), parameter);
    }

    [Fact]
    public void No_variable_that_sounds_secret_has_a_literal_value()
    {
        var variables = _resources.EnumerateObject()
            .Where(resource => resource.Value.TryGetProperty("env", out _))
            .SelectMany(resource => resource.Value.GetProperty("env").EnumerateObject())
            .Where(variable => SoundsSecret().IsMatch(variable.Name))
            .ToList();

        Assert.NotEmpty(variables);
        Assert.All(variables, variable => Assert.Matches(@"\{[a-z-]+\.(value|connectionString)\}", variable.Value.GetString()));
    }

    [Fact]
    public void Redis_keeps_every_accepted_event_on_its_disk()
    {
        var line = _resources.GetProperty("redis").GetProperty("args").EnumerateArray().Last().GetString()!;

        Assert.Contains(" --appendonly yes --appendfsync always ", line, StringComparison.Ordinal);
        Assert.Contains(" --maxmemory-policy noeviction", line, StringComparison.Ordinal);
        Assert.Equal(" --save \"\"", line[line.LastIndexOf(" --save", StringComparison.Ordinal)..][..10]); // Redis takes the last
    }

    [Fact]
    public void LiveKit_and_the_auth_server_are_somebody_elses()
    {
        Assert.False(_resources.TryGetProperty("livekit", out _));
        var api = _resources.GetProperty("api").GetProperty("env");
        Assert.Equal("{livekit-url.value}", api.GetProperty("LiveKit__Url").GetString());
        Assert.Equal("{session-tokens-jwks-url.value}", api.GetProperty("SessionTokens__JwksUrl").GetString());
        Assert.False(api.TryGetProperty("DevelopmentIssuer__Enabled", out _));
        Assert.False(api.TryGetProperty("ASPNETCORE_ENVIRONMENT", out _));
        Assert.Equal(["--migrate"], _resources.GetProperty("migrations").GetProperty("args").EnumerateArray().Select(argument => argument.GetString()));
    }

    private static bool TryRead(string file, out string text)
    {
        text = File.Exists(file) ? File.ReadAllText(file) : "";
        return text.TrimEnd().EndsWith('}');
    }

    [GeneratedRegex("secret|password|ConnectionStrings", RegexOptions.IgnoreCase)]
    private static partial Regex SoundsSecret();
}
