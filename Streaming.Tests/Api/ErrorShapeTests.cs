using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using Streaming.Api.Http;
using Streaming.Core.LiveKit;

namespace Streaming.Tests.Api;

public sealed class ErrorShapeTests : IAsyncLifetime
{
    private SmallApp _app = null!;

    public async Task InitializeAsync() => _app = await SmallApp.Start(app =>
    {
        var routes = app.MapGroup("").AllowAnonymous();
        routes.MapGet("/live", Results<Ok<string>, ApiError> () => Errors.StreamLive with { Details = new { sessionId = 7 }, RetryAfter = TimeSpan.FromSeconds(1.2) });
        routes.MapGet("/boom", string () => throw new InvalidOperationException("secret-marker at /src/x.cs"));
        routes.MapGet("/database", string () => throw new InvalidOperationException("marker", new NpgsqlException("marker")));
        routes.MapGet("/livekit/{failure}", string (LiveKitFailure failure) => throw new LiveKitException(failure, "CreateIngress"));
        routes.MapGet("/bare/{status:int}", (int status) => Results.StatusCode(status));
        routes.MapPost("/post", () => "posted");
        routes.MapGet("/half", async (HttpContext http) =>
        {
            await http.Response.WriteAsync("half");
            await http.Response.Body.FlushAsync();
            throw new InvalidOperationException("too late to say so");
        });
    });

    public async Task DisposeAsync() => await _app.DisposeAsync();

    [Fact]
    public async Task A_handlers_error_has_the_one_shape()
    {
        var response = await _app.Get("/live");

        var error = await response.IsError(409, "stream_live");
        Assert.Equal(Errors.StreamLive.Sentence, error.GetProperty("error").GetString());
        Assert.Equal(7, error.GetProperty("details").GetProperty("sessionId").GetInt32());
        Assert.Equal("2", response.Headers.RetryAfter?.ToString());
    }

    [Theory]
    [InlineData("application/problem+json", true)]
    [InlineData("application/problem+json, */*;q=0.1", true)]
    [InlineData("application/json, application/problem+json", true)]
    [InlineData("application/json;q=0.9, application/problem+json", true)]
    [InlineData("APPLICATION/Problem+JSON", true)]
    [InlineData("application/json, application/problem+json;q=0.5", false)]
    [InlineData("application/problem+json;q=0", false)]
    [InlineData("application/json", false)]
    [InlineData("*/*", false)]
    [InlineData("application/*", false)]
    [InlineData("text/html", false)]
    [InlineData("nonsense", false)]
    [InlineData(null, false)]
    public async Task The_same_facts_come_as_RFC_9457_to_a_client_that_prefers_it(string? accept, bool asProblem)
    {
        foreach (var (path, status, code) in new[] { ("/live", 409, "stream_live"), ("/nowhere", 404, "not_found"), ("/boom", 500, "internal_error"), ("/bare/401", 401, "unauthorized") })
        {
            var response = await _app.Send(HttpMethod.Get, path, (byte[]?)null, r =>
            {
                if (accept is not null) r.Headers.TryAddWithoutValidation("Accept", accept);
            });

            if (!asProblem)
            {
                await response.IsError(status, code);
                continue;
            }
            Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
            var problem = await response.Json();
            Assert.Equal((status, code, "about:blank"), (problem.GetProperty("status").GetInt32(), problem.GetProperty("code").GetString(), problem.GetProperty("type").GetString()));
            Assert.Equal(Errors.All.Single(e => e.Code == code).Sentence, problem.GetProperty("detail").GetString());
            Assert.NotEmpty(problem.GetProperty("title").GetString()!);
            Assert.Matches("^[0-9a-f]{32}$", problem.GetProperty("traceId").GetString());
            Assert.Equal(path == "/live", problem.TryGetProperty("details", out _));
            Assert.Contains("Accept", response.Headers.Vary);
        }
    }

    [Theory]
    [InlineData("GET", "/nowhere", 404, "not_found")]
    [InlineData("POST", "/../../etc/passwd", 404, "not_found")]
    [InlineData("GET", "/post", 405, "method_not_allowed")]
    [InlineData("PATCH", "/post", 405, "method_not_allowed")]
    public async Task An_address_or_method_that_is_no_route_is_an_error_of_the_one_shape(string method, string path, int status, string code)
    {
        var response = await _app.Send(new HttpMethod(method), path, (byte[]?)null);

        await response.IsError(status, code);
        if (status == 405) Assert.Equal(["POST"], response.Content.Headers.Allow);
    }

    [Fact]
    public async Task A_fault_tells_nothing_but_its_trace_id()
    {
        foreach (var environment in new[] { "Production", "Development" })
        {
            await using var app = await SmallApp.Start(a => a.MapGet("/boom", string () => throw new InvalidOperationException("secret-marker at /src/x.cs")).AllowAnonymous(), environment: environment);
            var error = await (await app.Get("/boom")).IsError(500, "internal_error");

            Assert.Equal(["success", "error", "code", "traceId"], error.EnumerateObject().Select(p => p.Name));
            foreach (var leak in new[] { "marker", "/src/", "   at ", "Exception", "Npgsql" }) Assert.DoesNotContain(leak, error.GetRawText(), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("/database", 503, "service_unavailable")]
    [InlineData("/livekit/Unreachable", 503, "livekit_unavailable")]
    [InlineData("/livekit/TimedOut", 503, "livekit_timeout")]
    [InlineData("/livekit/CredentialsRefused", 500, "livekit_refused")]
    [InlineData("/livekit/BadAnswer", 502, "livekit_bad_answer")]
    public async Task What_is_away_is_named_and_may_come_back(string path, int status, string code)
    {
        var response = await _app.Get(path);

        var error = await response.IsError(status, code);
        Assert.DoesNotContain("marker", error.GetRawText(), StringComparison.Ordinal);
        Assert.Equal(status == 503, response.Headers.RetryAfter is not null);
    }

    [Theory]
    [InlineData(400), InlineData(401), InlineData(403), InlineData(404), InlineData(409), InlineData(412), InlineData(413), InlineData(415), InlineData(418), InlineData(429), InlineData(500), InlineData(503)]
    public async Task A_bare_status_gets_a_body_of_the_one_shape(int status)
    {
        var response = await _app.Get($"/bare/{status.ToString(CultureInfo.InvariantCulture)}");

        await response.IsError(status, Errors.Of(status).Code);
    }

    [Fact]
    public async Task A_head_request_gets_the_status_and_no_body()
    {
        var response = await _app.Send(HttpMethod.Head, "/nowhere", (byte[]?)null);

        Assert.Equal(404, (int)response.StatusCode);
        Assert.Empty(await response.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task An_answer_that_has_begun_is_cut_off_rather_than_passed_off_as_whole() =>
        await Assert.ThrowsAnyAsync<HttpRequestException>(async () => await (await _app.Get("/half")).Content.ReadAsStringAsync());
}
