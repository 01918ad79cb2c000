using System.Diagnostics;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;
using OpenTelemetry.Logs;
using OpenTelemetry.Trace;

namespace Streaming.Tests.House;

public sealed class ServiceDefaultsTests
{
    private const string Canary = "CANARY-5f1c";

    [Theory]
    [InlineData("Development")]
    [InlineData("Production")]
    public async Task Health_is_one_word_for_everybody_in_every_environment(string environment)
    {
        await using var app = await Start(environment, builder =>
            builder.Services.AddHealthChecks().AddCheck("database", () => HealthCheckResult.Unhealthy($"no route to {Canary}")));
        using var client = app.GetTestClient();

        Assert.Equal((HttpStatusCode.OK, "Healthy"), await Get(client, "/alive"));
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "Unhealthy"), await Get(client, "/health"));
    }

    [Fact]
    public async Task Spans_hold_no_query_string_and_probes_make_none()
    {
        var spans = new List<Activity>();
        var logs = new List<LogRecord>();
        await using var app = await Start("Production", builder =>
        {
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            foreach (var instrumentation in (string[])["ASPNETCORE", "HTTPCLIENT"]) // as Aspire does for local work
                builder.Configuration[$"OTEL_DOTNET_EXPERIMENTAL_{instrumentation}_DISABLE_URL_QUERY_REDACTION"] = "true";
            builder.Services.AddOpenTelemetry()
                .WithTracing(tracing => tracing.AddInMemoryExporter(spans))
                .WithLogging(logging => logging.AddInMemoryExporter(logs));
        }, testServer: false, "--OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:9"); // without one there are no spans
        var self = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        using var client = app.Services.GetRequiredService<IHttpClientFactory>().CreateClient();

        Assert.Equal((HttpStatusCode.OK, "here"), await Get(client, $"{self}/somewhere?access_token={Canary}"));
        Assert.Equal((HttpStatusCode.OK, "Healthy"), await Get(client, $"{self}/health?access_token={Canary}"));
        app.Services.GetRequiredService<TracerProvider>().ForceFlush();

        // Sources are the process', so tests that run beside this one are heard too: only what concerns this server is looked at.
        var own = spans.ToArray().Where(span => $"{span.GetTagItem("server.port")}" == $"{new Uri(self).Port}").ToList();
        var served = Assert.Single(own, span => span.Kind == ActivityKind.Server);
        Assert.Equal("/somewhere", served.GetTagItem("url.path"));
        var called = own.Where(span => span.Kind == ActivityKind.Client).Select(span => span.GetTagItem("url.full")).ToArray();
        Assert.Equal([$"{self}/somewhere", $"{self}/health"], called);
        Assert.DoesNotContain(own.SelectMany(span => span.TagObjects), tag => $"{tag.Key}={tag.Value}".Contains("access_token", StringComparison.Ordinal));
        Assert.NotEmpty(logs);
        Assert.DoesNotContain(logs, log => $"{log.FormattedMessage}{string.Join(',', log.Attributes ?? [])}".Contains(Canary, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_line_break_in_a_value_cannot_forge_a_log_line()
    {
        await using var app = await Start("Production", _ => { });
        var chosen = app.Services.GetRequiredService<IOptionsMonitor<ConsoleLoggerOptions>>().CurrentValue.FormatterName;
        var formatter = app.Services.GetServices<ConsoleFormatter>().Single(one => one.Name == chosen);
        using var output = new StringWriter();

        formatter.Write(
            new LogEntry<string>(LogLevel.Warning, "test", default, "title\r\n[Information] admin logged in\u2028\u001b[31m", null, (state, _) => state),
            new LoggerExternalScopeProvider(),
            output);

        var line = output.ToString().TrimEnd('\n');
        Assert.DoesNotContain(line, character => char.IsControl(character) || character == '\u2028');
        Assert.Contains("admin logged in", line, StringComparison.Ordinal);
    }

    private static async Task<WebApplication> Start(string environment, Action<WebApplicationBuilder> configure, bool testServer = true, params string[] settings)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = environment, Args = settings });
        builder.AddServiceDefaults();
        if (testServer)
            builder.WebHost.UseTestServer();
        configure(builder);
        var app = builder.Build();
        app.MapServiceEndpoints();
        app.MapGet("/somewhere", () => "here");
        await app.StartAsync();
        return app;
    }

    private static async Task<(HttpStatusCode, string)> Get(HttpClient client, string url)
    {
        using var response = await client.GetAsync(new Uri(url, UriKind.RelativeOrAbsolute));
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }
}
