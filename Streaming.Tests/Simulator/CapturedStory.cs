using System.Text.Json;
using System.Text.RegularExpressions;

namespace Streaming.Tests.Simulator;

public sealed record CapturedRequest(DateTimeOffset ReceivedAt, int Answered, string Authorization, string ContentType, string Body);

/// <summary>What a real LiveKit sent in one story, or what the simulator sent, made comparable.</summary>
public static partial class CapturedStory
{
    public static IReadOnlyList<CapturedRequest> Read(string name) =>
        [.. File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Captures", $"{name}.jsonl"))
            .Select(line => JsonSerializer.Deserialize<CapturedRequest>(line, JsonSerializerOptions.Web)!)];

    /// <summary>
    /// The bodies in order, each with its answer, queue by queue: LiveKit orders nothing between an ingress and its room. Text, spaces
    /// and order of members stay as they are; ids, secrets and times keep only their form. Two things are LiveKit's whim and are
    /// taken out: the counts in a room, which lag, and the order in which one participant's tracks end.
    /// </summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<string>> Comparable(IEnumerable<(string Body, int Answered)> requests) =>
        requests.GroupBy(request => Queue(request.Body), request => $"{request.Answered} {Normal(request.Body)}")
            .ToDictionary(queue => queue.Key, IReadOnlyList<string> (queue) => TracksEndSorted([.. queue]));

    public static string Queue(string body) => body.Contains("\"ingressInfo\":", StringComparison.Ordinal) ? "ingress" : "room";

    private static string Normal(string body)
    {
        body = Counts().Replace(body, "");
        body = Texts().Replace(body, match => $"\"{match.Groups[1].Value}\":\"{Form(match.Groups[2].Value)}\"");
        return Numbers().Replace(body, "\"$1\":#");
    }

    private static string Form(string text) =>
        text.All(char.IsAsciiDigit) && text.Length > 2 ? $"time of {text.Length} digits"
        : text.All(char.IsAsciiDigit) ? "mid"
        : Guid.TryParse(text, out _) ? "uuid"
        : Prefixed().Match(text) is { Success: true } id ? $"{id.Groups[1].Value}…"
        : "secret";

    private static List<string> TracksEndSorted(List<string> bodies)
    {
        for (var start = 0; start < bodies.Count; start++)
        {
            var run = bodies.Skip(start).TakeWhile(body => body.Contains("\"track_unpublished\"", StringComparison.Ordinal)).Count();
            if (run > 1) bodies.Sort(start, run, StringComparer.Ordinal);
            start += run;
        }

        return bodies;
    }

    [GeneratedRegex(", \"(?:numParticipants|numPublishers)\":[0-9]+")]
    private static partial Regex Counts();

    [GeneratedRegex("\"(sid|id|cid|mid|ingressId|ingress\\.ingressID|ingress\\.resourceID|streamKey|turnPassword|roomId|resourceId|" +
        "creationTime|creationTimeMs|joinedAt|joinedAtMs|startedAt|endedAt|updatedAt|unixMicro|createdAt)\":\"([^\"]*)\"")]
    private static partial Regex Texts();

    [GeneratedRegex("\"(version|ssrc)\":[0-9]+")]
    private static partial Regex Numbers();

    [GeneratedRegex("^(EV_|RM_|PA_|TR_AM|TR_VC|TR_|IN_|RT_|WH_|UR_)[0-9A-Za-z]{12}$")]
    private static partial Regex Prefixed();
}
