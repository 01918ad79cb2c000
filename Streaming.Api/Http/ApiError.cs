using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace Streaming.Api.Http;

/// <summary>
/// One way in which a request can fail. The kinds are in <see cref="Errors"/>; a handler returns one of them, if need be with its own facts
/// (<c>Errors.StreamLive with { RetryAfter = … }</c>). Every error that leaves this API is written here.
/// </summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Code">What programs decide by. Never changes.</param>
/// <param name="Sentence">What people read.</param>
/// <param name="When">For the catalogue: what has happened, and what the caller can do.</param>
public sealed record ApiError(int Status, string Code, string Sentence, string When) : IResult, IStatusCodeHttpResult, IEndpointMetadataProvider
{
    /// <summary>Facts beyond the sentence, such as what is wrong with each member.</summary>
    public object? Details { get; init; }

    /// <summary>When it is worth trying again.</summary>
    public TimeSpan? RetryAfter { get; init; }

    int? IStatusCodeHttpResult.StatusCode => Status;

    public static void PopulateMetadata(MethodInfo method, EndpointBuilder builder) => builder.Metadata.Add(MayFail.Instance);

    public Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        if (response.HasStarted) return Task.CompletedTask;

        response.StatusCode = Status;
        response.Headers.Append(HeaderNames.Vary, HeaderNames.Accept);
        if (RetryAfter is { } wait)
            response.Headers.RetryAfter = Math.Max(1, Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);

        var traceId = Activity.Current?.TraceId.ToString() ?? httpContext.TraceIdentifier;
        return WantsProblem(httpContext.Request)
            ? response.WriteAsJsonAsync(Problem.Of(this, traceId), options: null, Problem.ContentType, httpContext.RequestAborted)
            : response.WriteAsJsonAsync(new ErrorBody(Success: false, Sentence, Code, Details, traceId), httpContext.RequestAborted);
    }

    /// <summary>Only a client that names problem+json has asked for it, and not if it says that it likes plain JSON better.</summary>
    private static bool WantsProblem(HttpRequest request)
    {
        var accepted = request.GetTypedHeaders().Accept;
        return Quality(Problem.ContentType) is > 0 and var problem && problem >= Quality("application/json");

        double Quality(string type) => accepted.Where(a => a.MediaType.Equals(type, StringComparison.OrdinalIgnoreCase)).Max(a => (double?)(a.Quality ?? 1)) ?? 0;
    }
}

/// <summary>Marks an endpoint whose handler can return an <see cref="ApiError"/>: it must say which by <see cref="FailsMetadata"/>.</summary>
public sealed class MayFail
{
    public static readonly MayFail Instance = new();
}

/// <summary>How every error looks.</summary>
/// <param name="Success">Always false.</param>
/// <param name="Error">A sentence for people.</param>
/// <param name="Code">What programs decide by; see the catalogue in docs/errors.md.</param>
/// <param name="Details">Facts beyond the sentence, such as what is wrong with each member of the request.</param>
/// <param name="TraceId">Names this request in our logs and traces.</param>
public sealed record ErrorBody(bool Success, string Error, string Code, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] object? Details, string TraceId);

/// <summary>The same facts in the form of RFC 9457, for a client that accepts application/problem+json.</summary>
/// <param name="Type">Always about:blank: programs decide by the code.</param>
/// <param name="Title">The status in words.</param>
/// <param name="Status">The HTTP status.</param>
/// <param name="Detail">A sentence for people.</param>
/// <param name="Code">What programs decide by; see the catalogue in docs/errors.md.</param>
/// <param name="Details">Facts beyond the sentence, such as what is wrong with each member of the request.</param>
/// <param name="TraceId">Names this request in our logs and traces.</param>
public sealed record Problem(string Type, string Title, int Status, string Detail, string Code, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] object? Details, string TraceId)
{
    public const string ContentType = "application/problem+json";

    public static Problem Of(ApiError error, string traceId) =>
        new("about:blank", ReasonPhrases.GetReasonPhrase(error.Status), error.Status, error.Sentence, error.Code, error.Details, traceId);
}
