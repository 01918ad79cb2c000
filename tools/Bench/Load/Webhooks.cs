using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Streaming.AppHost.Local;

namespace Bench.Load;

/// <summary>
/// Webhook requests as LiveKit sends them: the captured stories over and over, each time as another broadcast, with event ids and SIDs of
/// its own, in a room of the channels given, an hour after the last one there. Made and signed before anything is measured.
/// </summary>
internal sealed partial class Webhooks(IReadOnlyList<Guid> channels, string apiKey, Secret apiSecret)
{
    /// <summary>How many characters of an id tell one broadcast from another.</summary>
    private const int Digits = 6;

    /// <summary>When the stories were captured, and how long they took together.</summary>
    private const long FirstCaptured = 1_795_351_590, SecondsOfStories = 3600;

    /// <summary>When the first broadcast was: all of them are over by now.</summary>
    private const long FirstBroadcast = 1_760_000_000;

    private const int SecondsDigits = 10;

    private const string Alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    private static readonly string Header = Base64Url.EncodeToString("""{"alg":"HS256","typ":"JWT"}"""u8);

    private readonly byte[] _secret = Encoding.UTF8.GetBytes(apiSecret.Reveal());
    private readonly Template[] _events = [.. Stories().SelectMany(Read)];
    private int _made;

    public double MeanBytes => _events.Average(one => one.Json.Length);

    /// <summary>New bodies, none of which was there before.</summary>
    public byte[][] Bodies(int count) => [.. Enumerable.Range(0, count).Select(_ => Next())];

    /// <summary>New bodies as they come when every channel has one broadcast at a time, and all at once.</summary>
    public byte[][] BodiesOfAllChannels(int count) =>
    [
        .. Enumerable.Range(_made, count).Select(number => (Place: Math.DivRem(number, _events.Length), Body: Next()))
            .OrderBy(one => one.Place.Quotient / channels.Count).ThenBy(one => one.Place.Remainder).Select(one => one.Body),
    ];

    /// <summary>New bodies as whole requests.</summary>
    public byte[][] Requests(int count, Uri url) => [.. Bodies(count).Select(body => Request(body, url))];

    private byte[] Next()
    {
        var (broadcast, position) = Math.DivRem(_made++, _events.Length);
        return Body(_events[position], broadcast);
    }

    private byte[] Body(Template template, int broadcast)
    {
        var body = (byte[])template.Json.Clone();
        foreach (var end in template.Ids)
            for (var (digit, rest) = (1, broadcast); digit <= Digits; digit++, rest /= Alphabet.Length) body[end - digit] = (byte)Alphabet[rest % Alphabet.Length];
        var later = FirstBroadcast - FirstCaptured + (broadcast / channels.Count * SecondsOfStories);
        foreach (var start in template.Times)
        {
            var seconds = body.AsSpan(start, SecondsDigits);
            if (!Utf8Parser.TryParse(seconds, out long captured, out _) || !Utf8Formatter.TryFormat(captured + later, seconds, out _)) throw new SetupException("A time in a capture is none.");
        }

        foreach (var start in template.Rooms)
            Encoding.ASCII.GetBytes(channels[broadcast % channels.Count].ToString(), body.AsSpan(start));
        return body;
    }

    /// <summary>One body as a whole request, signed now.</summary>
    public byte[] Request(byte[] body, Uri url)
    {
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        var claims = $$"""{"iss":"{{apiKey}}","exp":{{now + 300}},"nbf":{{now}},"iat":{{now}},"sha256":"{{Convert.ToBase64String(SHA256.HashData(body))}}"}""";
        var signed = $"{Header}.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(claims))}";
        var token = $"{signed}.{Base64Url.EncodeToString(HMACSHA256.HashData(_secret, Encoding.ASCII.GetBytes(signed)))}";
        return
        [
            .. Encoding.ASCII.GetBytes(
                $"POST {url.AbsolutePath} HTTP/1.1\r\nHost: {url.Authority}\r\nUser-Agent: Go-http-client/1.1\r\nContent-Length: {body.Length}\r\n"
                + $"Authorization: {token}\r\nContent-Type: application/webhook+json\r\nAccept-Encoding: gzip\r\n\r\n"),
            .. body,
        ];
    }

    private static IEnumerable<string> Stories() => Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "Captures"), "*.jsonl").Order(StringComparer.Ordinal);

    /// <summary>The events of a story, each once: captures hold LiveKit's retries too.</summary>
    private static IEnumerable<Template> Read(string story) =>
        File.ReadLines(story).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("body").GetString()!).Distinct().Select(Template.Of);

    /// <param name="Ids">Where the ids end that are another broadcast's each time.</param>
    /// <param name="Rooms">Where the room's name is.</param>
    /// <param name="Times">Where the times begin: whatever their unit, with ten digits of seconds.</param>
    private sealed partial record Template(byte[] Json, int[] Ids, int[] Rooms, int[] Times)
    {
        private static readonly string Placeholder = Guid.Empty.ToString();

        public static Template Of(string body)
        {
            var json = JsonDocument.Parse(body).RootElement;
            var room = json.TryGetProperty("room", out var r) && r.TryGetProperty("name", out var name) ? name : json.GetProperty("ingressInfo").GetProperty("roomName");
            body = body.Replace($"\"{room.GetString()}\"", $"\"{Placeholder}\"", StringComparison.Ordinal);
            if (!Ascii.IsValid(body)) throw new SetupException("A capture is not ASCII: its places are counted in characters.");
            return new Template(
                Encoding.ASCII.GetBytes(body), [.. Id().Matches(body).Select(id => id.Index + id.Length)], [.. Room().Matches(body).Select(found => found.Index + 1)],
                [.. Time().Matches(body).Select(time => time.Index)]);
        }

        [GeneratedRegex("(?<=\")(EV|RM|PA|IN|RT|WH|UR)_[A-Za-z0-9]{12}(?=\")")]
        private static partial Regex Id();

        [GeneratedRegex("(?<=\")17953[0-9]{5}(?=[0-9]*\")")]
        private static partial Regex Time();

        [GeneratedRegex("\"00000000-0000-0000-0000-000000000000\"")]
        private static partial Regex Room();
    }
}
