using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Net.Http.Headers;
using Streaming.Api.Http;
using Streaming.Core;
using Streaming.Core.LiveKit;

namespace Streaming.Api.Features.Webhooks;

/// <summary>
/// Where LiveKit tells what happens. LiveKit repeats 429 and 5xx four times within about 15 seconds and takes every other answer
/// for "delivered": so 200 only for what is durable, 503 for what is not, and 4xx only for what is not LiveKit's.
/// </summary>
public static partial class WebhookEndpoints
{
    /// <summary>The largest body read, in bytes. Room metadata alone may be 512 KiB.</summary>
    public const int MaxBytes = 1024 * 1024;

    public static void MapLiveKitWebhook(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/api/webhook/livekit", Receive)
            .AllowAnonymous()
            .DisableRateLimiting() // LiveKit never waits behind somebody else; only wrong signatures are limited
            .DisableValidation() // the body is bytes to us
            .LimitBody(MaxBytes)
            .WithTags("LiveKit")
            .WithSummary("Receive a LiveKit webhook")
            .WithDescription("Signed by LiveKit with a key pair of ours. 200 means that the event is durable; 503 asks LiveKit to send it again.")
            .Accepts<object>("application/webhook+json", "application/json")
            .Fails(Errors.InvalidSignature, Errors.PayloadTooLarge, Errors.UnsupportedMediaType, Errors.RateLimited, Errors.ServiceUnavailable);

    private static async Task<Results<Ok<EmptyAnswer>, ApiError>> Receive(
        HttpContext http, WebhookSignature signature, EventIntake intake, FailedSignatureLimiter failures, ILogger<EventIntake> log, CancellationToken ct)
    {
        if (!IsJson(http.Request.ContentType)) return Errors.UnsupportedMediaType;
        var body = await RawBody.Read(http.Request, ct);
        if (signature.Verify(body.Span, http.Request.Headers.Authorization) is { } refusal)
        {
            Log.Refused(log, refusal);
            Telemetry.Refused.Add(1, new KeyValuePair<string, object?>("reason", refusal.ToString()));
            return failures.Refuse(http);
        }

        var @event = WireEvent.Read(body);
        return await intake.Accept(@event) ? TypedResults.Ok(new EmptyAnswer()) : Errors.ServiceUnavailable;
    }

    private static bool IsJson(string? contentType) =>
        MediaTypeHeaderValue.TryParse(contentType, out var type) && type.MediaType.Value?.ToLowerInvariant() is "application/webhook+json" or "application/json";

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "A webhook was refused: {Reason}")]
        public static partial void Refused(ILogger logger, SignatureRefusal reason);
    }
}

/// <summary><c>{}</c></summary>
public sealed record EmptyAnswer;
