using System.Text.Json;
using Streaming.Api.Http;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Api;

public sealed class OpenApiTests : IClassFixture<OpenApiTests.Document>
{
    private static readonly string[] Typing = ["type", "$ref", "oneOf", "anyOf"];

    private readonly JsonElement _document;
    private readonly string _text;

    public OpenApiTests(Document document) => (_document, _text) = (document.Root, document.Text);

    public sealed class Document : IAsyncLifetime
    {
        public JsonElement Root { get; private set; }

        public string Text { get; private set; } = "";

        public async Task InitializeAsync()
        {
            await using var api = new ApiInProcess("Development");
            using var client = api.NewClient();
            Text = await client.GetStringAsync(new Uri("/openapi/v1.json", UriKind.Relative)) + "\n";
            Root = JsonDocument.Parse(Text).RootElement;
        }

        public Task DisposeAsync() => Task.CompletedTask;
    }

    /// <summary>What frontends are built against changes with a commit that shows it, or not at all.</summary>
    [Fact]
    public async Task The_committed_document_is_the_one_that_the_API_serves() => Assert.True(
        await Committed.Is("docs/openapi.json", _text), $"docs/openapi.json is not what the API says of itself any more. {Committed.HowToWrite}");

    [Fact]
    public void The_document_is_OpenAPI_3_1_and_says_how_to_sign_in()
    {
        Assert.StartsWith("3.1.", _document.GetProperty("openapi").GetString(), StringComparison.Ordinal);
        Assert.Equal("bearer", _document.GetProperty("components").GetProperty("securitySchemes").GetProperty("session").GetProperty("scheme").GetString());
    }

    [Fact]
    public void Every_operation_has_a_name_a_summary_and_its_errors_with_examples()
    {
        var names = new HashSet<string>();
        foreach (var (path, method, operation) in Operations())
        {
            var at = $"{method} {path}";
            Assert.True(names.Add(operation.GetProperty("operationId").GetString()!), at);
            Assert.True(operation.TryGetProperty("summary", out _), $"{at} has no summary");
            Assert.True(operation.TryGetProperty("tags", out var tags) && !tags[0].GetString()!.EndsWith("Endpoints", StringComparison.Ordinal), $"{at} has no tag of its own");

            if (!path.Contains("webhook", StringComparison.Ordinal)) // LiveKit's body, answered by {}
            {
                var success = operation.GetProperty("responses").EnumerateObject().First(r => r.Name[0] == '2').Value;
                Assert.True(HasExample(success), $"{at} shows no example of what it gives");
                Assert.True(!operation.TryGetProperty("requestBody", out var body) || HasExample(body), $"{at} shows no example of what it takes");
            }

            var errors = operation.GetProperty("responses").EnumerateObject().Where(r => r.Name[0] is '4' or '5').ToList();
            Assert.Contains(errors, e => e.Name == "500");
            foreach (var error in errors)
            {
                var content = error.Value.GetProperty("content");
                var schema = content.GetProperty("application/json").GetProperty("schema").GetProperty("allOf");
                Assert.Equal("#/components/schemas/Error", schema[0].GetProperty("$ref").GetString());
                Assert.Equal(
                    content.GetProperty("application/json").GetProperty("examples").EnumerateObject().Select(e => e.Name),
                    schema[1].GetProperty("properties").GetProperty("code").GetProperty("enum").EnumerateArray().Select(c => c.GetString()!));
                Assert.Equal("#/components/schemas/Problem", content.GetProperty("application/problem+json").GetProperty("schema").GetProperty("$ref").GetString());
                foreach (var example in content.GetProperty("application/json").GetProperty("examples").EnumerateObject())
                    Assert.Equal(int.Parse(error.Name, null), Errors.All.Single(e => e.Code == example.Name).Status);
            }
        }
        Assert.True(names.Count >= 10, $"{names.Count} operations");
    }

    [Fact]
    public void Creator_routes_show_the_errors_that_come_with_being_one()
    {
        var codes = Codes(Operation("post", "/api/stream/ingress"));

        Assert.Superset(
            new HashSet<string> { "unauthorized", "creator_access_required", "rate_limited", "invalid_json", "payload_too_large", "unsupported_media_type", "auth_unavailable", "internal_error", "stream_live", "livekit_unavailable" },
            codes);
        Assert.True(Operation("post", "/api/stream/ingress").TryGetProperty("security", out _));
        Assert.False(Operation("post", "/api/webhook/livekit").TryGetProperty("security", out _));
    }

    [Fact]
    public void A_partial_update_is_described_by_the_values_themselves()
    {
        var update = Schema("UpdateInfo");

        Assert.False(update.TryGetProperty("required", out _));
        var title = update.GetProperty("properties").GetProperty("title");
        Assert.Equal(("string", 1, 200), (title.GetProperty("type").GetString(), title.GetProperty("minLength").GetInt32(), title.GetProperty("maxLength").GetInt32()));
        var thumbnail = update.GetProperty("properties").GetProperty("thumbnail");
        Assert.Equal(["null", "string"], thumbnail.GetProperty("type").EnumerateArray().Select(t => t.GetString()!).Order(StringComparer.Ordinal));
        Assert.Equal("boolean", Schema("UpdateChatSettings").GetProperty("properties").GetProperty("isChatEnabled").GetProperty("type").GetString());
        Assert.DoesNotContain(_document.GetProperty("components").GetProperty("schemas").EnumerateObject(), s => s.Name.StartsWith("Optional", StringComparison.Ordinal));
    }

    [Fact]
    public void Every_schema_property_has_a_type_and_every_member_of_a_request_a_description()
    {
        foreach (var schema in _document.GetProperty("components").GetProperty("schemas").EnumerateObject())
            foreach (var member in schema.Value.TryGetProperty("properties", out var members) ? members.EnumerateObject().ToList() : [])
                Assert.True(
                    member.Name == "details" || Typing.Any(k => member.Value.TryGetProperty(k, out _)),
                    $"{schema.Name}.{member.Name} has no type");

        foreach (var name in new[] { "UpdateInfo", "UpdateChatSettings", "CreateIngress", "StreamStatus", "Error", "Problem" })
            Assert.All(Schema(name).GetProperty("properties").EnumerateObject(), m => Assert.True(m.Value.TryGetProperty("description", out _), $"{name}.{m.Name} has no description"));
    }

    [Fact]
    public void What_may_be_absent_is_not_called_required()
    {
        var required = Schema("StreamStatus").GetProperty("required").EnumerateArray().Select(r => r.GetString()).ToList();

        Assert.Contains("isLive", required);
        Assert.DoesNotContain("startedAt", required);
        Assert.DoesNotContain("details", Schema("Error").GetProperty("required").EnumerateArray().Select(r => r.GetString()));
    }

    private static bool HasExample(JsonElement body) => body.GetProperty("content").EnumerateObject().First(c => c.Name is "application/json" or "text/event-stream").Value.TryGetProperty("example", out _);

    private JsonElement Schema(string name) => _document.GetProperty("components").GetProperty("schemas").GetProperty(name);

    private JsonElement Operation(string method, string path) => _document.GetProperty("paths").GetProperty(path).GetProperty(method);

    private IEnumerable<(string Path, string Method, JsonElement Operation)> Operations() =>
        from path in _document.GetProperty("paths").EnumerateObject() from operation in path.Value.EnumerateObject() select (path.Name, operation.Name, operation.Value);

    private static HashSet<string> Codes(JsonElement operation) => [.. operation.GetProperty("responses").EnumerateObject().Where(r => r.Name[0] is '4' or '5')
        .SelectMany(r => r.Value.GetProperty("content").GetProperty("application/json").GetProperty("examples").EnumerateObject().Select(e => e.Name))];
}
