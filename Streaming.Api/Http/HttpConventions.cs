using System.Net;
using System.Reflection;
using System.Text.Json;
using Microsoft.AspNetCore.Cors.Infrastructure;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Streaming.Api.Auth;

namespace Streaming.Api.Http;

/// <summary>How every endpoint behaves: errors, JSON, validation, limits, CORS, headers.</summary>
public static class HttpConventions
{
    public static void AddHttpConventions(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddOptions<HttpOptions>().BindConfiguration(HttpOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddOptions<RateLimitOptions>().BindConfiguration(RateLimitOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddOptions<IdempotencyOptions>().BindConfiguration(IdempotencyOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.TryAddSingleton(TimeProvider.System);
        services.AddHttpContextAccessor();

        // Ours comes before the framework's writer, which would answer first otherwise.
        services.AddSingleton<IProblemDetailsWriter, FrameworkErrors>();
        services.AddProblemDetails();
        services.AddExceptionHandler<FrameworkErrors>();
        services.Configure<RouteHandlerOptions>(o => o.ThrowOnBadRequest = true); // or the reason is lost before we see it

        services.ConfigureHttpJsonOptions(o => Json.Configure(o.SerializerOptions));
        services.AddValidation(OptionalValidation.Register);

        services.AddOpenApi(o => ApiDocument.Configure(o)); // a lambda: the generator that brings the XML comments in does not see a method group
        services.AddSingleton<SharedAllowances>();
        services.AddSingleton<RateLimiting>();
        services.AddSingleton<FailedSignatureLimiter>();
        services.AddSingleton<Cursors>();
        services.AddSingleton<IdempotentRequests>();

        services.AddCors();
        services.AddOptions<CorsOptions>().Configure<IOptions<HttpOptions>, IOptions<SessionTokenOptions>>((cors, o, tokens) => cors.AddDefaultPolicy(policy => (tokens.Value.Cookies is [] ? policy : policy.AllowCredentials())
            .WithOrigins(o.Value.CorsOrigins).WithMethods("GET", "POST", "PUT", "DELETE")
            .WithHeaders("Authorization", "Content-Type", "If-Match", IdempotentRequests.Header).WithExposedHeaders("ETag", "Retry-After", "RateLimit", "RateLimit-Policy", IdempotentRequests.ReplayedHeader)));

        // PostConfigure, since ASPNETCORE_FORWARDEDHEADERS_ENABLED would otherwise believe anyone's X-Forwarded-For.
        services.AddOptions<ForwardedHeadersOptions>().PostConfigure<IOptions<HttpOptions>>((forwarded, o) => Trust(forwarded, o.Value.KnownProxies));
        services.Configure<KestrelServerOptions>(Limit);
    }

    public static void UseHttpConventions(this WebApplication app)
    {
        app.NoteArrivals();
        app.UseForwardedHeaders();
        app.UseSecurityHeaders();
        if (!app.Environment.IsDevelopment()) app.UseHsts();
        app.UseExceptionHandler();
        app.UseStatusCodePages(context => Errors.Of(context.HttpContext.Response.StatusCode).ExecuteAsync(context.HttpContext));

        app.UseRouting();
        app.UseWhen(context => !context.Request.Path.StartsWithSegments("/api/webhook"), browsers => browsers.UseCors()); // LiveKit is none
        app.UseAuthentication();
        app.Use(app.Services.GetRequiredService<RateLimiting>().Handle);
        app.Use(AnswerForRouting);
        app.Use(app.Services.GetRequiredService<FirstSight>().Note);
        app.UseAuthorization();
        app.Use(app.Services.GetRequiredService<IdempotentRequests>().Handle);
    }

    /// <summary>An address that is no route, or not with this method or body type, is so for everyone: nobody has to sign in to be told.</summary>
    private static Task AnswerForRouting(HttpContext context, RequestDelegate next)
    {
        if (context.GetEndpoint() is RouteEndpoint) return next(context);
        if (context.GetEndpoint()?.RequestDelegate is { } answer) return answer(context);

        context.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    }

    private static void Trust(ForwardedHeadersOptions forwarded, string[] proxies)
    {
        forwarded.ForwardedHeaders = proxies.Length == 0 ? ForwardedHeaders.None : ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto;
        forwarded.ForwardLimit = null; // as many as are known, then stop
        forwarded.KnownProxies.Clear();
        forwarded.KnownIPNetworks.Clear();
        foreach (var proxy in proxies)
            if (IPAddress.TryParse(proxy, out var address)) forwarded.KnownProxies.Add(address);
            else forwarded.KnownIPNetworks.Add(System.Net.IPNetwork.Parse(proxy));
    }

    private static void Limit(KestrelServerOptions kestrel)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = Limits.BodyBytes;
        kestrel.Limits.MinRequestBodyDataRate = new MinDataRate(bytesPerSecond: 240, gracePeriod: TimeSpan.FromSeconds(5));
    }
}
