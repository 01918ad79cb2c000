using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;

namespace LiveKitSimulator;

/// <summary>
/// Sends one event to one URL the way LiveKit's HTTP client does: five attempts at 0, 1, 3, 7 and 15 seconds when nobody answers or
/// the answer is 429 or 5xx; every other answer, 501 among them, counts as sent. It never tires of waiting for an answer.
/// </summary>
public sealed class WebhookSender(SimulatorOptions options) : IDisposable
{
    private const int Attempts = 5;
    private const int MaxRedirects = 10;

    // Redirects are followed below: the handler would leave the token behind.
    private readonly HttpClient http = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        ActivityHeadersPropagator = null,
        UseCookies = false,
    })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    public async Task<DeliveryOutcome> Send(WebhookEvent @event, Uri url, Action<DeliveryAttempt> attempted, CancellationToken stop)
    {
        var token = Token(@event);
        for (var attempt = 1; ; attempt++)
        {
            var at = options.Time.GetUtcNow();
            var (status, retryAfter) = await Post(@event, url, token, stop);
            attempted(new DeliveryAttempt(at, (int?)status));

            if (status is { } answer && !IsWorthARetry(answer)) return DeliveryOutcome.Sent;
            if (attempt == Attempts) return DeliveryOutcome.GaveUp;
            await Task.Delay(options.RetryUnit * (retryAfter ?? 1 << (attempt - 1)), options.Time, stop);
        }
    }

    public void Dispose() => http.Dispose();

    private string Token(WebhookEvent @event)
    {
        var now = options.Time.GetUtcNow().ToUnixTimeSeconds();
        var digest = Convert.ToBase64String(SHA256.HashData(@event.Body.Span));
        var key = ProtoJson.Quote(options.ApiKey);
        return Jwt.Sign($$"""{"iss":{{key}},"exp":{{now + 300}},"nbf":{{now}},"iat":{{now}},"sha256":"{{digest}}"}""", options.ApiSecret);
    }

    private async Task<(HttpStatusCode? Status, double? RetryAfter)> Post(
        WebhookEvent @event, Uri url, string token, CancellationToken stop)
    {
        for (var hop = 0; ; hop++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new ReadOnlyMemoryContent(@event.Body) };
            request.Headers.TryAddWithoutValidation("Authorization", token);
            request.Headers.TryAddWithoutValidation("User-Agent", "Go-http-client/1.1");
            request.Headers.TryAddWithoutValidation("Accept-Encoding", "gzip");
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/webhook+json");
            try
            {
                using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stop);
                if (response.StatusCode is HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect
                    && response.Headers.Location is { } location)
                {
                    if (hop == MaxRedirects) return (null, null);
                    url = new Uri(url, location);
                    continue;
                }

                return (response.StatusCode, RetryAfter(response));
            }
            catch (Exception e) when (e is HttpRequestException or IOException or NotSupportedException)
            {
                return (null, null);
            }
        }
    }

    private static bool IsWorthARetry(HttpStatusCode answer) =>
        answer is HttpStatusCode.TooManyRequests or (>= HttpStatusCode.InternalServerError and not HttpStatusCode.NotImplemented);

    private static double? RetryAfter(HttpResponseMessage response) =>
        response.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable
            ? response.Headers.RetryAfter?.Delta?.TotalSeconds
            : null;
}
