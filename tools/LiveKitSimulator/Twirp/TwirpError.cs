using System.Text;

namespace LiveKitSimulator;

/// <summary>Twirp's errors: a code, its HTTP status, and the JSON that says so.</summary>
public static class TwirpError
{
    private static readonly Dictionary<string, int> Statuses = new()
    {
        ["canceled"] = 408,
        ["unknown"] = 500,
        ["invalid_argument"] = 400,
        ["malformed"] = 400,
        ["deadline_exceeded"] = 408,
        ["not_found"] = 404,
        ["bad_route"] = 404,
        ["already_exists"] = 409,
        ["permission_denied"] = 403,
        ["unauthenticated"] = 401,
        ["resource_exhausted"] = 429,
        ["failed_precondition"] = 412,
        ["aborted"] = 409,
        ["out_of_range"] = 400,
        ["unimplemented"] = 501,
        ["internal"] = 500,
        ["unavailable"] = 503,
        ["dataloss"] = 500,
    };

    public static bool IsCode(string code) => Statuses.ContainsKey(code);

    public static TwirpAnswer Answer(string code, string message, string? invalidRoute = null)
    {
        var meta = invalidRoute is null ? "" : $$""","meta":{"twirp_invalid_route":{{ProtoJson.Quote(invalidRoute)}}}""";
        var json = $$"""{"code":"{{code}}","msg":{{ProtoJson.Quote(message)}}{{meta}}}""";
        return new TwirpAnswer(Statuses[code], "application/json", Encoding.UTF8.GetBytes(json), code);
    }
}

/// <param name="Result">"ok", or the code of the error, for the record of calls.</param>
public sealed record TwirpAnswer(int Status, string ContentType, byte[] Body, string Result)
{
    public static TwirpAnswer PlainText(int status, string text, string result) =>
        new(status, "text/plain; charset=utf-8", Encoding.UTF8.GetBytes(text), result);
}
