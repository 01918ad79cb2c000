using System.Text.Json;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.Extensions.Options;

namespace Streaming.Api.Http;

/// <summary>Turns what the framework says about a failed request (an exception, a list of broken rules, a bare status) into our errors.</summary>
public sealed class Failures(IOptions<Microsoft.AspNetCore.Http.Json.JsonOptions> json) : IExceptionHandler, IProblemDetailsWriter
{
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (exception is not BadHttpRequestException bad) return false; // logged, and 500 without a word about it

        await Of(bad, httpContext).ExecuteAsync(httpContext);
        return true;
    }

    public bool CanWrite(ProblemDetailsContext context) => true;

    public async ValueTask WriteAsync(ProblemDetailsContext context) =>
        await (context.ProblemDetails is HttpValidationProblemDetails { Errors: var broken }
            ? Errors.ValidationFailed with { Details = broken.ToDictionary(e => CamelCase(e.Key), e => e.Value) }
            : Errors.Of(context.ProblemDetails.Status ?? context.HttpContext.Response.StatusCode)).ExecuteAsync(context.HttpContext);

    private ApiError Of(BadHttpRequestException bad, HttpContext context)
    {
        if (bad.StatusCode != StatusCodes.Status400BadRequest) return Errors.Of(bad.StatusCode);
        // The exception handler has taken the endpoint off the context by now.
        var accepts = context.Features.Get<IExceptionHandlerFeature>()?.Endpoint?.Metadata.GetMetadata<IAcceptsMetadata>();
        if (bad.InnerException is JsonException broken) return At(broken, accepts?.RequestType);

        var bodyMissing = accepts is { IsOptional: false }
            && (context.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: false } || bad.Message.Contains(" body", StringComparison.Ordinal));
        return bodyMissing ? Errors.InvalidJson with { Sentence = "A JSON body is needed here." } : Errors.InvalidRequest;
    }

    /// <summary>Says where the body is wrong. Names a member only if it is one of ours: nothing the caller wrote is repeated.</summary>
    private ApiError At(JsonException broken, Type? type)
    {
        var (line, position) = ((broken.LineNumber ?? 0) + 1, (broken.BytePositionInLine ?? 0) + 1);
        var name = broken.Path?.Split('.', '[', ']') is ["$", var first, ..] ? first : null;
        if (name is null)
            return Errors.InvalidJson with { Sentence = $"The request body is not the JSON expected here: line {line}, byte {position}.", Details = new { line, position } };

        var member = type is null ? null : json.Value.SerializerOptions.GetTypeInfo(type).Properties.FirstOrDefault(p => p.Name == name)?.Name;
        return member is null
            ? Errors.InvalidJson with { Sentence = $"The request body has a member that is not known here: line {line}, byte {position}.", Details = new { line, position } }
            : Errors.InvalidJson with { Sentence = $"The member {member} of the request body has the wrong type or is given twice: line {line}, byte {position}.", Details = new { line, position, member } };
    }

    private static string CamelCase(string path) => string.Join('.', path.Split('.').Select(JsonNamingPolicy.CamelCase.ConvertName));
}
