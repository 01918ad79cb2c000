using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration.Memory;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace Microsoft.Extensions.Hosting;

/// <summary>What every service of this application has: telemetry, health, service discovery, log lines nobody can forge.</summary>
/// <remarks>
/// No resilience handler on every HttpClient: it would repeat POSTs, and a repeated CreateIngress is a second stream key.
/// Whoever calls out decides which of its calls may be repeated.
/// </remarks>
public static class ServiceDefaults
{
    private const string AlivePath = "/alive";
    private const string HealthPath = "/health";
    private const string LivePath = HealthPath + "/live";
    private const string ReadyPath = HealthPath + "/ready";
    private const string LiveTag = "live";

    /// <summary>Name of our own ActivitySource and Meter.</summary>
    private const string Ours = "Streaming";

    public static TBuilder AddServiceDefaults<TBuilder>(this TBuilder builder) where TBuilder : IHostApplicationBuilder
    {
        builder.AddLogging();
        builder.AddTelemetry();

        builder.Services.AddHealthChecks().AddCheck("self", () => HealthCheckResult.Healthy(), [LiveTag]);
        builder.Services.AddServiceDiscovery();
        builder.Services.ConfigureHttpClientDefaults(http => http.AddServiceDiscovery());
        return builder;
    }

    /// <summary>
    /// Whether every option is as it must be. If not, says so in one sentence each on the error output, where a stack trace would bury it.
    /// </summary>
    public static bool IsWellConfigured(this WebApplication app) => IsValid(() => app.Services.GetService<IStartupValidator>()?.Validate());

    /// <summary>The same of one kind of options, for what needs no others.</summary>
    public static bool IsWellConfigured<TOptions>(this WebApplication app) where TOptions : class =>
        IsValid(() => _ = app.Services.GetRequiredService<IOptions<TOptions>>().Value);

    private static bool IsValid(Action validate)
    {
        try
        {
            validate();
            return true;
        }
        catch (Exception e) when (e is OptionsValidationException or AggregateException)
        {
            var complaints = e is AggregateException several ? several.InnerExceptions.OfType<OptionsValidationException>() : [(OptionsValidationException)e];
            foreach (var sentence in complaints.SelectMany(c => c.Failures).Select(Plain).Distinct()) Console.Error.WriteLine(sentence);
            return false;
        }

        // Data annotations say "DataAnnotation validation failed for 'XOptions' members: '…' with the error: 'The sentence.'."
        static string Plain(string failure) => failure.Split("with the error: '") is [_, var sentence] ? sentence.TrimEnd('.', '\'') + "." : failure;
    }

    /// <summary>
    /// <c>/alive</c> and <c>/health/live</c>: the process answers. <c>/health</c> and <c>/health/ready</c>: what it cannot do without answers
    /// too. Mapped in every environment, because a deployment's probes need them most, and therefore with nothing in the body but one word.
    /// </summary>
    public static WebApplication MapServiceEndpoints(this WebApplication app)
    {
        foreach (var path in new[] { AlivePath, LivePath }) Map(path, check => check.Tags.Contains(LiveTag));
        foreach (var path in new[] { HealthPath, ReadyPath }) Map(path, _ => true);
        return app;

        void Map(string path, Func<HealthCheckRegistration, bool> which) =>
            app.MapHealthChecks(path, new HealthCheckOptions { Predicate = which }).AllowAnonymous().DisableRateLimiting().DisableHttpMetrics();
    }

    private static void AddLogging(this IHostApplicationBuilder builder)
    {
        builder.Configuration.Sources.Insert(0, new MemoryConfigurationSource { InitialData = QuietByDefault });

        // One JSON object a line: a line break in a title or a header is "\n" there, never a second line that someone else wrote.
        if (!builder.Environment.IsDevelopment())
            builder.Logging.AddJsonConsole(console =>
            {
                console.IncludeScopes = true;
                console.TimestampFormat = "O";
                console.UseUtcTimestamp = true;
            });

        builder.Logging.AddOpenTelemetry(logs =>
        {
            logs.IncludeFormattedMessage = true;
            logs.IncludeScopes = true;
        });
    }

    /// <summary>
    /// Levels below every other configuration, so that any of it overrides them. These categories write a line for each request or
    /// statement at Information, and the first of them writes the query string too.
    /// </summary>
    private static readonly KeyValuePair<string, string?>[] QuietByDefault =
    [
        new("Logging:LogLevel:Microsoft.AspNetCore", nameof(LogLevel.Warning)),
        new("Logging:LogLevel:System.Net.Http.HttpClient", nameof(LogLevel.Warning)),
        new("Logging:LogLevel:Microsoft.EntityFrameworkCore.Database.Command", nameof(LogLevel.Warning)),
        new("Logging:LogLevel:Npgsql", nameof(LogLevel.Warning)),
        new("Logging:LogLevel:StackExchange.Redis", nameof(LogLevel.Warning)),
    ];

    /// <summary>Nothing where there is nobody to send it to, which the exporter reads too: a span for each event and statement costs something all the same.</summary>
    private static void AddTelemetry(this IHostApplicationBuilder builder)
    {
        if (string.IsNullOrWhiteSpace(builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"])) return;
        builder.Services.AddOpenTelemetry()
            .WithMetrics(metrics => metrics
                .AddAspNetCoreInstrumentation()
                .AddHttpClientInstrumentation()
                .AddRuntimeInstrumentation()
                .AddMeter(Ours, "Npgsql"))
            .WithTracing(tracing => tracing
                .AddAspNetCoreInstrumentation(requests =>
                {
                    requests.Filter = context => !IsProbe(context.Request.Path);
                    requests.EnrichWithHttpRequest = (activity, _) => DropQuery(activity);
                })
                .AddHttpClientInstrumentation(calls => calls.EnrichWithHttpRequestMessage = (activity, _) => DropQuery(activity))
                .AddSource(Ours, "Npgsql")) // Npgsql's spans hold the statement's text, never its parameters
            .UseOtlpExporter();
    }

    private static bool IsProbe(PathString path) => path.StartsWithSegments(AlivePath) || path.StartsWithSegments(HealthPath);

    /// <summary>
    /// A query string can hold a token that somebody put there by mistake, and Aspire switches off for local work what the
    /// instrumentations do about that. A span without it loses nothing we look for.
    /// </summary>
    private static void DropQuery(Activity activity)
    {
        activity.SetTag("url.query", null);
        if (activity.GetTagItem("url.full") is string url && url.IndexOf('?', StringComparison.Ordinal) is > 0 and var end)
            activity.SetTag("url.full", url[..end]);
    }
}
