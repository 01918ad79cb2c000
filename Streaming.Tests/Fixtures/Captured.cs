using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Streaming.Tests.Fixtures;

/// <summary>A real webhook request, as livekit-server 1.13.5 sent it.</summary>
public sealed record CapturedRequest(DateTimeOffset ReceivedAt, int Answered, string Authorization, string ContentType, string Body)
{
    public byte[] Bytes => Encoding.UTF8.GetBytes(Body);
}

/// <summary>The captured stories. Their rooms and identities are somebody else's, so a test that wants effects moves them to a channel of its own.</summary>
public static partial class Captured
{
    /// <summary>What the captures are signed with.</summary>
    public const string ApiKey = "devkey";

    public const string ApiSecret = "devsecret-devsecret-devsecret-devsecret";

    private static readonly Lazy<IReadOnlyDictionary<string, string>> Planted = new(() => Names.SelectMany(Read).SelectMany(r => Secret().Matches(r.Body)).DistinctBy(m => m.Groups["value"].Value)
        .ToDictionary(m => m.Groups["value"].Value, m => m.Groups["name"].Value == "streamKey" ? "A captured stream key" : "A captured TURN password"));

    private static readonly JsonSerializerOptions CamelCase = new(JsonSerializerDefaults.Web);

    public static IEnumerable<string> Names => Directory.EnumerateFiles(Folder, "*.jsonl").Select(f => Path.GetFileNameWithoutExtension(f)!).Order(StringComparer.Ordinal);

    /// <summary>The stream keys and TURN passwords in them, and what each is.</summary>
    public static IReadOnlyDictionary<string, string> Secrets => Planted.Value;

    public static TheoryData<string> Stories => [.. Names];

    private static string Folder => Path.Combine(AppContext.BaseDirectory, "Captures");

    public static IReadOnlyList<CapturedRequest> Read(string story) =>
        [.. File.ReadLines(Path.Combine(Folder, story + ".jsonl")).Select(line => JsonSerializer.Deserialize<CapturedRequest>(line, CamelCase)!)];

    /// <summary>The story's bodies without the retries, in a channel's room and with identities of ours; SIDs and ids carry the suffix.</summary>
    public static IReadOnlyList<byte[]> BodiesFor(string story, Guid channel, string userId, string suffix)
    {
        var requests = Read(story).DistinctBy(r => r.Body).ToList();
        var first = requests.Select(r => JsonDocument.Parse(r.Body).RootElement).ToList();
        var room = first.Select(b => b.TryGetProperty("room", out var r) ? r.GetProperty("name").GetString() : b.GetProperty("ingressInfo").GetProperty("roomName").GetString()).First()!;
        return [.. requests.Select(r => Encoding.UTF8.GetBytes(Moved(r.Body, room, channel, userId, suffix)))];
    }

    private static string Moved(string body, string room, Guid channel, string userId, string suffix)
    {
        body = body.Replace($"\"{room}\"", $"\"{channel}\"", StringComparison.Ordinal);
        foreach (var host in new[] { "creator-1", "cr" }) body = body.Replace($"\"identity\":\"{host}\"", $"\"identity\":\"host:{userId}:{suffix}\"", StringComparison.Ordinal);
        foreach (var prefix in new[] { "PA_", "RM_", "EV_", "IN_", "RT_", "WH_", "UR_", "TR_" })
            body = Regex.Replace(body, $"\"({prefix}[A-Za-z0-9]+)\"", $"\"$1{suffix}\"");
        return body;
    }

    [GeneratedRegex("\"(?<name>streamKey|turnPassword)\": ?\"(?<value>[^\"]+)\"")]
    private static partial Regex Secret();
}
