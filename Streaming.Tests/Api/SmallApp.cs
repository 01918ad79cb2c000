using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Streaming.Api.Auth;
using Streaming.Api.Http;
using Streaming.Core;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Api;

/// <summary>The API's conventions around endpoints of a test, on a real Kestrel.</summary>
public sealed class SmallApp : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly Leaks.OfLogs _logs;

    private SmallApp(WebApplication app, Leaks.OfLogs logs) =>
        (_app, _logs, Client) = (app, logs, new HttpClient(new Leaks.OfAnswers(new SocketsHttpHandler())) { BaseAddress = new Uri(app.Urls.First()) });

    public HttpClient Client { get; }
    public IServiceProvider Services => _app.Services;
    public Uri Address => Client.BaseAddress!;

    public static async Task<SmallApp> Start(
        Action<WebApplication> routes,
        AuthServer? auth = null,
        TestDatabase? database = null,
        TimeProvider? time = null,
        string environment = "Production",
        IReadOnlyDictionary<string, string?>? settings = null,
        Action<WebApplicationBuilder>? setUp = null)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = environment, ApplicationName = "Streaming.Tests" });
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Host.UseDefaultServiceProvider(o => o.ValidateOnBuild = false); // no Redis here
        builder.Configuration.AddInMemoryCollection(auth?.Settings ?? new() { ["SessionTokens:JwksUrl"] = "https://auth.invalid/jwks", ["SessionTokens:Issuer"] = "i", ["SessionTokens:Audience"] = "a" });
        builder.Configuration.AddInMemoryCollection(settings);
        builder.AddServiceDefaults();
        var logs = new Leaks.OfLogs();
        builder.Logging.ClearProviders().AddProvider(logs);
        if (time is not null) builder.Services.AddSingleton(time);
        builder.Services.AddStreamingCore(_ => database?.ConnectionString ?? "Host=127.0.0.1;Port=1;Timeout=1");
        builder.AddUserTokens();
        builder.AddHttpConventions();
        setUp?.Invoke(builder);

        var app = builder.Build();
        app.UseHttpConventions();
        routes(app);
        await app.StartAsync();
        return new(app, logs);
    }

    public Task<HttpResponseMessage> Send(HttpMethod method, string path, string? json = null, Action<HttpRequestMessage>? with = null) =>
        Send(method, path, json is null ? null : Encoding.UTF8.GetBytes(json), with);

    public async Task<HttpResponseMessage> Send(HttpMethod method, string path, byte[]? body, Action<HttpRequestMessage>? with = null)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null) request.Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        with?.Invoke(request);
        return await Client.SendAsync(request);
    }

    public Task<HttpResponseMessage> Get(string path, string? token = null) => Send(HttpMethod.Get, path, (byte[]?)null, request =>
    {
        if (token is not null) request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {token}");
    });

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
        _logs.Search();
    }
}

public static class ResponseReading
{
    public static async Task<JsonElement> Json(this HttpResponseMessage response) =>
        JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;

    /// <summary>Asserts that the response is an error of the one shape, and returns it.</summary>
    public static async Task<JsonElement> IsError(this HttpResponseMessage response, int status, string code)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(status == (int)response.StatusCode, $"{(int)response.StatusCode} instead of {status}: {text}");
        Assert.Equal("application/json", response.Content.Headers.ContentType?.MediaType);
        var error = JsonDocument.Parse(text).RootElement;
        Assert.Equal(code, error.GetProperty("code").GetString());
        Assert.False(error.GetProperty("success").GetBoolean());
        Assert.EndsWith(".", error.GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Matches("^[0-9a-f]{32}$", error.GetProperty("traceId").GetString());
        Assert.Empty(error.EnumerateObject().Select(p => p.Name).Except(["success", "error", "code", "details", "traceId"]));
        return error;
    }
}
