using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Streaming.Api.Http;

namespace Streaming.Tests.Api;

/// <summary>The API's conventions around endpoints of a test, on a real Kestrel.</summary>
public sealed class SmallApp : IAsyncDisposable
{
    private readonly WebApplication _app;

    private SmallApp(WebApplication app, HttpClient client) => (_app, Client) = (app, client);

    public HttpClient Client { get; }
    public IServiceProvider Services => _app.Services;
    public Uri Address => Client.BaseAddress!;

    public static async Task<SmallApp> Start(Action<WebApplication> routes, Action<WebApplicationBuilder>? services = null, string environment = "Production")
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = environment, ApplicationName = "Streaming.Tests" });
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.AddServiceDefaults();
        builder.Logging.ClearProviders();
        builder.AddHttpConventions();
        builder.Services.AddAuthentication();
        builder.Services.AddAuthorization();
        services?.Invoke(builder);

        var app = builder.Build();
        app.UseHttpConventions();
        routes(app);
        await app.StartAsync();

        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        return new(app, new HttpClient(new SocketsHttpHandler()) { BaseAddress = new Uri(address) });
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

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
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
