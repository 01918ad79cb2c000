using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Streaming.Tests.Security;

/// <summary>Requests made up from the contract: mostly right, with something wrong in them. The same seed makes the same requests.</summary>
internal sealed class RandomRequest(JsonElement document, int seed, IReadOnlyList<string> knownIds)
{
    private static readonly string[] Oddities =
    [
        "", " ", "0", "-1", "1000000000", "99999999999999999999", "abc", "null", "true", "../..", "%00", "a\u0000b", "\u202e", "é💡", "'; drop table users; --", "<script>", "{}", "[]", "NaN", "1e400",
        "0x10", "*", "\\", "//", "\n", new string('a', 300), new string('9', 2000), "2025-13-45T99:99:99Z", "erased:x", "me", "00000000-0000-0000-0000-000000000000",
    ];

    private static readonly string[] OtherBodies = ["null", "[]", "7", "\"x\"", "", "true", "{\"\\ud800\":1}"];

    private readonly Random _random = new(seed);

    public static IEnumerable<(string Path, string Method, JsonElement Operation)> Operations(JsonElement document) =>
        from path in document.GetProperty("paths").EnumerateObject() from operation in path.Value.EnumerateObject() select (path.Name, operation.Name, operation.Value);

    /// <summary>The codes that the contract names for this status, or null if it does not know the status.</summary>
    public static HashSet<string>? CodesOf(JsonElement operation, int status) =>
        operation.GetProperty("responses").TryGetProperty(status.ToString(CultureInfo.InvariantCulture), out var response)
            ? response.TryGetProperty("content", out var content) && content.TryGetProperty("application/json", out var media) && media.TryGetProperty("examples", out var examples)
                ? [.. examples.EnumerateObject().Select(e => e.Name)] : []
            : null;

    public (HttpRequestMessage Request, string Told) Next(string path, string method, JsonElement operation)
    {
        var (address, query) = (path, new List<string>());
        foreach (var parameter in operation.TryGetProperty("parameters", out var parameters) ? parameters.EnumerateArray().ToList() : [])
        {
            var (name, place) = (parameter.GetProperty("name").GetString()!, parameter.GetProperty("in").GetString());
            if (place == "path") address = address.Replace($"{{{name}}}", Uri.EscapeDataString(Value(parameter.GetProperty("schema"), inPath: true)), StringComparison.Ordinal);
            else if (place == "query" && OneIn(2)) query.Add($"{name}={Uri.EscapeDataString(Value(parameter.GetProperty("schema")))}");
        }
        if (OneIn(10)) query.Add($"{Uri.EscapeDataString(Odd())}={Uri.EscapeDataString(Odd())}");
        if (query.Count > 0) address += "?" + string.Join('&', query);

        var request = new HttpRequestMessage(new HttpMethod(method.ToUpperInvariant()), new Uri(address, UriKind.Relative));
        var told = $"{request.Method} {address}";
        if (operation.TryGetProperty("requestBody", out var body) ? !OneIn(12) : OneIn(20))
        {
            var bytes = Body(body);
            request.Content = new ByteArrayContent(bytes);
            request.Headers.ExpectContinue = bytes.Length > 4096; // or a refusal meets us while we are still sending
            var type = OneIn(15) ? "text/plain" : "application/json";
            if (!OneIn(30)) request.Content.Headers.ContentType = new MediaTypeHeaderValue(type);
            told += $" {request.Content.Headers.ContentType} {Convert.ToHexString(bytes.AsSpan(0, Math.Min(bytes.Length, 400)))} ({Encoding.UTF8.GetString(bytes.AsSpan(0, Math.Min(bytes.Length, 400)))})";
        }
        foreach (var (header, values) in new[]
        {
            ("Idempotency-Key", new[] { "k", $"{_random.Next()}", new string('k', 500), "\"", "a b" }), ("If-Match", ["*", "\"1\"", "nonsense", "W/\"x\""]),
            ("Accept", ["*/*", "application/json", "text/html;q=nonsense", ","]), ("X-Forwarded-For", ["127.0.0.1", "evil"]), ("Cookie", ["a=b; better-auth.session_token=x.y"]),
            ("Origin", ["https://evil.example.org", "null"]), ("traceparent", ["00-0-0-0", "nonsense"]),
        })
            if (OneIn(8))
            {
                var value = values[_random.Next(values.Length)];
                if (request.Headers.TryAddWithoutValidation(header, value)) told += $" {header}: {value}";
            }
        return (request, told);
    }

    private string Value(JsonElement schema, bool inPath = false)
    {
        if (OneIn(3)) return inPath ? Odd() is { Length: > 0 } odd ? odd : "x" : Odd();
        return JsonSerializer.Deserialize<JsonElement>(Json(schema, 0)) is { ValueKind: JsonValueKind.String } text ? text.GetString()! is { Length: > 0 } some ? some : "x" : Json(schema, 0);
    }

    private byte[] Body(JsonElement body)
    {
        var json = body.ValueKind == JsonValueKind.Object && body.GetProperty("content").TryGetProperty("application/json", out var media) && media.TryGetProperty("schema", out var schema) ? Json(schema, 0) : "{}";
        return _random.Next(12) switch
        {
            0 => Encoding.UTF8.GetBytes(json[..(json.Length / 2)]),
            1 => Encoding.UTF8.GetBytes(json.Replace("{", "{\"unknown\":1,", StringComparison.Ordinal)),
            2 => Encoding.UTF8.GetBytes(new string('[', 5000)),
            3 => [0xff, 0xfe, .. Encoding.UTF8.GetBytes(json), 0xc0],
            4 => Encoding.UTF8.GetBytes(json + json),
            5 => Encoding.UTF8.GetBytes(new string(' ', 20_000) + json),
            6 => Encoding.UTF8.GetBytes(OtherBodies[_random.Next(OtherBodies.Length)]),
            _ => Encoding.UTF8.GetBytes(json),
        };
    }

    /// <summary>A value of this schema, or one that nearly is.</summary>
    private string Json(JsonElement schema, int depth)
    {
        if (schema.TryGetProperty("$ref", out var reference)) return Json(Resolve(reference.GetString()!), depth);
        foreach (var choice in new[] { "oneOf", "anyOf", "allOf" })
            if (schema.TryGetProperty(choice, out var choices)) return Json(choices[_random.Next(choices.GetArrayLength())], depth);
        if (depth > 0 && OneIn(12)) return new[] { "null", "7", "-1", "1e9", "\"\"", "[]", "{}", "true", JsonSerializer.Serialize(Odd()) }[_random.Next(9)];
        if (schema.TryGetProperty("enum", out var values)) return values[_random.Next(values.GetArrayLength())].GetRawText();
        var type = schema.TryGetProperty("type", out var declared) ? declared.ValueKind == JsonValueKind.Array ? declared.EnumerateArray().Select(t => t.GetString()).First(t => t != "null") : declared.GetString() : "object";
        return type switch
        {
            "boolean" => OneIn(2) ? "true" : "false",
            "integer" or "number" => Number(schema),
            "array" => $"[{string.Join(',', Enumerable.Range(0, _random.Next(4)).Select(_ => Json(schema.TryGetProperty("items", out var items) ? items : default, depth + 1)))}]",
            "object" => Object(schema, depth),
            _ => JsonSerializer.Serialize(Text(schema)),
        };
    }

    private string Number(JsonElement schema)
    {
        long Bound(string name, long otherwise) => schema.TryGetProperty(name, out var bound) && bound.TryGetInt64(out var value) ? value : otherwise;
        var (min, max) = (Bound("minimum", 0), Bound("maximum", 1000));
        return new[] { min, max, min - 1, max + 1, min + (max - min) / 2 }[_random.Next(5)].ToString(CultureInfo.InvariantCulture);
    }

    private string Object(JsonElement schema, int depth)
    {
        if (depth > 4 || schema.ValueKind != JsonValueKind.Object || !schema.TryGetProperty("properties", out var properties)) return "{}";
        var members = properties.EnumerateObject().Where(_ => !OneIn(4)).Select(p => $"{JsonSerializer.Serialize(p.Name)}:{Json(p.Value, depth + 1)}").ToList();
        if (members.Count > 0 && OneIn(15)) members.Add(members[0]);
        return $"{{{string.Join(',', members)}}}";
    }

    private string Text(JsonElement schema)
    {
        if (OneIn(4)) return Odd();
        if (knownIds.Count > 0 && OneIn(2)) return knownIds[_random.Next(knownIds.Count)];
        return schema.TryGetProperty("format", out var format) ? format.GetString() switch
        {
            "uuid" => Guid.CreateVersion7().ToString(),
            "date-time" => "2025-11-23T10:00:00Z",
            "uri" => "https://img.example.com/a.png",
            _ => "text",
        } : new string('x', schema.TryGetProperty("maxLength", out var max) ? Math.Min(max.GetInt32(), 300) + (OneIn(3) ? 1 : 0) : 12);
    }

    private JsonElement Resolve(string reference) => reference.Split('/').Skip(1).Aggregate(document, (at, name) => at.GetProperty(name));

    private string Odd() => Oddities[_random.Next(Oddities.Length)];

    private bool OneIn(int n) => _random.Next(n) == 0;
}
