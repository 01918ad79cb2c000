using System.Text;
using Google.Protobuf;

namespace LiveKitSimulator;

/// <summary>LiveKit's API: Twirp in protobuf and in JSON, with LiveKit's order of checks (token, route, body, grant).</summary>
public sealed class TwirpEndpoint(SimulatorOptions options, TwirpMethods methods, TwirpCalls calls, ApiFaults faults)
{
    private const string Protobuf = "application/protobuf";
    private const string Json = "application/json";
    private const int MaxBody = 10 * 1024 * 1024;

    private static readonly JsonParser JsonParser = new(JsonParser.Settings.Default.WithIgnoreUnknownFields(true));

    private DateTimeOffset Now => options.Time.GetUtcNow();

    public static void Map(IEndpointRouteBuilder routes) => routes.Map(
        "/twirp/{service}/{method}",
        (HttpContext context, string service, string method, TwirpEndpoint twirp) => twirp.Serve(context, service, method));

    private async Task Serve(HttpContext context, string service, string method)
    {
        var fault = faults.Strike(method);
        if (fault?.When is ApiFaultMoment.Before && await Strikes(context, fault))
        {
            calls.Add(new TwirpCall(Now, service, method, null, [], null, null, $"fault: {fault.Mode}"));
            return;
        }

        var (answer, grants, room) = await Answer(context.Request, service, method);
        calls.Add(new TwirpCall(Now, service, method, MediaType(context.Request), grants?.Held ?? [], room, answer.Status, answer.Result));
        if (fault?.When is ApiFaultMoment.After && await Strikes(context, fault)) return;
        await Write(context.Response, answer);
    }

    private async Task<(TwirpAnswer Answer, Grants? Grants, string? Room)> Answer(HttpRequest request, string service, string name)
    {
        var (grants, refusal) = Authenticate(request);
        if (refusal is not null) return (TwirpAnswer.PlainText(StatusCodes.Status401Unauthorized, refusal, "unauthorized"), null, null);

        var route = $"{request.Method} {request.Path}";
        if (!methods.Serves(service))
            return (TwirpAnswer.PlainText(StatusCodes.Status404NotFound, "404 page not found\n", "not_found"), grants, null);
        if (request.Method != HttpMethods.Post)
            return (TwirpError.Answer("bad_route", $"unsupported method \"{request.Method}\" (only POST is allowed)", route), grants, null);
        if (methods.Find(service, name) is not { } method)
            return (TwirpError.Answer("bad_route", $"no handler for path \"{request.Path}\"", route), grants, null);

        var encoding = MediaType(request);
        if (encoding is not (Protobuf or Json))
            return (TwirpError.Answer("bad_route", $"unexpected Content-Type: \"{request.ContentType}\"", route), grants, null);

        if (await Read(request, method, encoding) is not { } message)
        {
            var format = encoding is Json ? "json" : "protobuf";
            return (TwirpError.Answer("malformed", $"the {format} request could not be decoded"), grants, null);
        }

        var room = method.Room?.Invoke(message);
        if (grants?.Has(method.Grant) is not true || (room is not null && grants.Room != room))
            return (TwirpError.Answer("unauthenticated", "permissions denied"), grants, room);
        try
        {
            var done = method.Perform(message);
            var body = encoding is Json ? Encoding.UTF8.GetBytes(ProtoJson.TwirpAnswer.Format(done)) : done.ToByteArray();
            return (new TwirpAnswer(StatusCodes.Status200OK, encoding, body, "ok"), grants, room);
        }
        catch (RefusalException refused)
        {
            return (TwirpError.Answer(refused.Code, refused.Message), grants, room);
        }
    }

    // A bad token is refused at the door, in plain text; no token at all gets as far as the grants.
    private (Grants? Grants, string? Refusal) Authenticate(HttpRequest request)
    {
        const string bearer = "Bearer ";
        string? token = request.Headers.Authorization;
        if (string.IsNullOrEmpty(token)) token = request.Query["access_token"];
        else if (!token.StartsWith(bearer, StringComparison.Ordinal))
            return (null, "invalid authorization header. Must start with Bearer ");
        else token = token[bearer.Length..];
        if (string.IsNullOrEmpty(token)) return (null, null);

        var (claims, refusal) = Jwt.Read(token, options.ApiKey, options.ApiSecret, Now);
        return refusal is null ? (new Grants(claims), null) : (null, refusal);
    }

    private static async Task<IMessage?> Read(HttpRequest request, TwirpMethod method, string encoding)
    {
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body, request.HttpContext.RequestAborted);
        if (body.Length > MaxBody) return null;
        try
        {
            return encoding is Json
                ? JsonParser.Parse(Encoding.UTF8.GetString(body.ToArray()), method.Parser.ParseFrom(ByteString.Empty).Descriptor)
                : method.Parser.ParseFrom(body.ToArray());
        }
        catch (Exception e) when (e is InvalidProtocolBufferException or InvalidJsonException or FormatException or OverflowException)
        {
            return null;
        }
    }

    // True when the fault has answered; a slow call is still to be answered.
    private async Task<bool> Strikes(HttpContext context, ApiFault fault)
    {
        switch (fault.Mode)
        {
            case ApiFaultMode.Refuse:
                context.Abort();
                return true;
            case ApiFaultMode.Slow:
                await Task.Delay(TimeSpan.FromMilliseconds(fault.DelayMs), options.Time, context.RequestAborted);
                return false;
            case ApiFaultMode.Unauthorized:
                await Write(context.Response, TwirpAnswer.PlainText(StatusCodes.Status401Unauthorized, "invalid API key", "unauthorized"));
                return true;
            case ApiFaultMode.Nonsense:
                await Write(context.Response, new TwirpAnswer(200, "text/html", "<html>It works!</html>"u8.ToArray(), "nonsense"));
                return true;
            case ApiFaultMode.Error:
                await Write(context.Response, TwirpError.Answer(fault.Code, "simulated"));
                return true;
            default:
                return false;
        }
    }

    private static async Task Write(HttpResponse response, TwirpAnswer answer)
    {
        response.StatusCode = answer.Status;
        response.ContentType = answer.ContentType;
        response.ContentLength = answer.Body.Length;
        await response.Body.WriteAsync(answer.Body, response.HttpContext.RequestAborted);
    }

    private static string? MediaType(HttpRequest request) => request.ContentType?.Split(';')[0].Trim().ToLowerInvariant();
}
