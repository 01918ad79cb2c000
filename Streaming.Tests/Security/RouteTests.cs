using System.Net;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Streaming.Api.Http;
using Streaming.Core.Creators;
using Streaming.Tests.Api;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Security;

/// <summary>Walks the routes that the API really has.</summary>
public sealed partial class RouteTests : IDisposable
{
    private readonly ApiInProcess _production = new("Production"), _development = new("Development");

    public void Dispose()
    {
        _production.Dispose();
        _development.Dispose();
    }

    [Fact]
    public void Every_route_asks_who_is_calling_but_for_these()
    {
        Assert.Equal(["/alive", "/api/sessions/{id:guid}", "/api/stream/live", "/api/stream/recommended", "/api/stream/search", "/api/stream/token/{hostId}", "/api/stream/{id:guid}/events", "/api/stream/{username}", "/api/webhook/livekit", "/health", "/health/live", "/health/ready"], Anonymous(_production));
        Assert.Equal(
            ["/alive", "/api/sessions/{id:guid}", "/api/stream/live", "/api/stream/recommended", "/api/stream/search", "/api/stream/token/{hostId}", "/api/stream/{id:guid}/events", "/api/stream/{username}", "/api/webhook/livekit", "/dev/jwks", "/dev/tokens", "/health", "/health/live", "/health/ready", "/openapi/{documentName}.json"],
            Anonymous(_development).Where(r => !r.StartsWith("/scalar", StringComparison.Ordinal)));
        Assert.Contains(Routes(_production), r => !IsAnonymous(r));
    }

    [Fact]
    public void Only_what_machines_call_is_exempt_from_the_rate_limits() => Assert.Equal(
        ["/alive", "/api/webhook/livekit", "/health", "/health/live", "/health/ready"],
        Routes(_production).Where(r => r.Metadata.GetMetadata<DisableRateLimitingAttribute>() is not null).Select(Path).Order(StringComparer.Ordinal));

    [Fact]
    public void Every_kind_of_call_that_a_route_is_of_has_a_limit()
    {
        var kinds = Routes(_production).SelectMany(r => r.Metadata.GetOrderedMetadata<EnableRateLimitingAttribute>()).Select(k => k.PolicyName!).Distinct().ToList();

        Assert.Contains(Limits.IngressChanges, kinds);
        Assert.Empty(kinds.Except(Limits.Kinds(new()).Keys));
    }

    [Fact]
    public async Task No_browser_may_call_the_webhook_not_even_from_an_origin_of_ours()
    {
        using var client = _production.NewClient();
        foreach (var (path, allowed) in new[] { ("/api/stream/ingress", true), ("/api/webhook/livekit", false) })
        {
            using var preflight = new HttpRequestMessage(HttpMethod.Options, path) { Headers = { { "Origin", ApiInProcess.Origin }, { "Access-Control-Request-Method", "POST" } } };

            Assert.Equal(allowed, (await client.SendAsync(preflight)).Headers.Contains("Access-Control-Allow-Origin"));
        }
    }

    [Fact]
    public async Task Every_route_answers_a_stranger_with_the_headers_and_the_error_of_the_one_shape()
    {
        // Also finds an endpoint with a parameter that cannot be bound: from the first request on, every route would answer 500.
        using var client = _production.NewClient();
        var walked = 0;
        foreach (var route in Routes(_production).Where(r => !Path(r).StartsWith("/alive", StringComparison.Ordinal) && !Path(r).StartsWith("/health", StringComparison.Ordinal)))
        {
            var method = new HttpMethod(route.Metadata.GetMetadata<IHttpMethodMetadata>()!.HttpMethods[0]);
            using var request = new HttpRequestMessage(method, Address(route) + "?q=a"); // which a search wants, and nothing else looks at
            if (route.Metadata.GetMetadata<IAcceptsMetadata>() is not null) request.Content = new StringContent("{}", null, "application/json");

            var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);

            if (IsAnonymous(route) && Path(route) != "/api/webhook/livekit") await response.IsError(503, "service_unavailable"); // for guests too, once the database is there
            else await response.IsError(401, IsAnonymous(route) ? "invalid_signature" : "unauthorized");
            Assert.Equal(["nosniff"], response.Headers.GetValues("X-Content-Type-Options"));
            Assert.True(response.Headers.CacheControl!.NoStore);
            Assert.False(response.Headers.Contains("Server"));
            walked++;
        }
        Assert.True(walked >= 8, $"{walked} routes");
    }

    [Fact]
    public void No_username_hides_a_route_or_is_hidden_by_one()
    {
        var literals = Routes(_development).Select(Path).Where(p => p.StartsWith("/api/stream/", StringComparison.Ordinal))
            .Select(p => p.Split('/')[3]).Where(segment => !segment.StartsWith('{')).Distinct().ToList();

        Assert.True(literals.Count >= 5, string.Join(' ', literals));
        Assert.All(literals, segment => Assert.True(Username.IsReserved(segment), $"\"{segment}\" is no reserved username."));
    }

    [Theory]
    [InlineData("/openapi/v1.json")]
    [InlineData("/scalar")]
    [InlineData("/scalar/")]
    [InlineData("/dev/jwks")]
    [InlineData("/dev/tokens")]
    public async Task What_is_for_developers_is_not_there_in_production(string path)
    {
        using var client = _production.NewClient();

        await (await client.GetAsync(new Uri(path, UriKind.Relative))).IsError(404, "not_found");
    }

    [Fact]
    public async Task The_page_that_shows_the_api_loads_nothing_from_elsewhere()
    {
        using var client = _development.NewClient();
        var page = await client.GetStringAsync(new Uri("/scalar/", UriKind.Relative));

        Assert.Contains("openapi/v1.json", page, StringComparison.Ordinal);
        Assert.DoesNotContain("//", page.Replace("<!doctype html>", "", StringComparison.Ordinal), StringComparison.Ordinal);
        foreach (var file in new[] { "/scalar/scalar.js", "/scalar/scalar.aspnetcore.js" })
            Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(new Uri(file, UriKind.Relative))).StatusCode);
    }

    [Fact]
    public void Whoever_may_fail_says_how()
    {
        var mayFail = Routes(_development).Where(r => r.Metadata.GetMetadata<MayFail>() is not null).ToList();

        Assert.NotEmpty(mayFail);
        Assert.All(mayFail, r => Assert.True(r.Metadata.GetMetadata<FailsMetadata>() is not null, $"{r.DisplayName} returns errors and names none with Fails()."));
    }

    private static IEnumerable<RouteEndpoint> Routes(ApiInProcess api) =>
        api.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>();

    private static IEnumerable<string> Anonymous(ApiInProcess api) => Routes(api).Where(IsAnonymous).Select(Path).Distinct().Order(StringComparer.Ordinal);

    private static bool IsAnonymous(RouteEndpoint route) => route.Metadata.GetMetadata<IAllowAnonymous>() is not null;

    private static string Path(RouteEndpoint route) => "/" + route.RoutePattern.RawText!.Trim('/');

    private static string Address(RouteEndpoint route) =>
        Parameter().Replace(route.RoutePattern.RawText!, m => m.Groups["constraint"].Value == "guid" ? $"{Guid.CreateVersion7()}" : m.Groups["name"].Value);

    [GeneratedRegex(@"\{(?<name>\w+)(:(?<constraint>\w+))?\}")]
    private static partial Regex Parameter();
}
