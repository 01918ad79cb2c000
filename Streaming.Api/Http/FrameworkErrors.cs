using System.Text.Json;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.Extensions.Options;
using Npgsql;
using Streaming.Core.Data;
using Streaming.Core.LiveKit;

namespace Streaming.Api.Http;

/// <summary>Turns what the framework says about a failed request (an exception, a list of broken rules, a bare status) into our errors.</summary>
public sealed partial class FrameworkErrors(IOptions<JsonOptions> json, ILogger<FrameworkErrors> log) : IExceptionHandler, IProblemDetailsWriter
{
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        var error = exception switch
        {
            BadHttpRequestException bad => Of(bad, httpContext),
            LiveKitException { Failure: var failure } => Errors.Of(failure),
            _ when exception.GetBaseException() is PostgresException { SqlState: PostgresErrorCodes.ForeignKeyViolation, ConstraintName: { } key } && key.Contains("_users_", StringComparison.Ordinal)
                => Errors.Conflict, // the caller, or whom he spoke of, was forgotten at the same time
            _ when exception.GetBaseException() is PostgresException { SqlState: PostgresErrorCodes.CharacterNotInRepertoire } => Errors.ValidationFailed, // a zero, which is in no text that could be found
            _ when Failures.IsTransient(exception) => Errors.ServiceUnavailable,
            _ => null, // logged by the framework, and 500 without a word about it
        };
        if (error is null) return false;

        if (error.Status >= 500) Log.Failed(log, error.Code, exception.GetType().Name);
        await error.ExecuteAsync(httpContext);
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

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "A request failed with {Code} ({Reason})")]
        public static partial void Failed(ILogger logger, string code, string reason);
    }
}
