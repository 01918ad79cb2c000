using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Security;

/// <summary>What creators send, against API and database as they are deployed.</summary>
public sealed class CreatorRequestTests : IAsyncLifetime
{
    private TestSystem _system = null!;
    private TestCreator _creator = null!;

    public async Task InitializeAsync()
    {
        _system = await TestSystem.Shared;
        _creator = await _system.NewChannel();
    }

    public Task DisposeAsync() => Task.CompletedTask;

    [Theory]
    [InlineData("/api/stream/info", """{"title":"x","isLive":true}""")]
    [InlineData("/api/stream/info", """{"title":"x","userId":"someone"}""")]
    [InlineData("/api/stream/info", """{"title":"x","id":"019abf3c-5a0e-7c55-9d2b-3f1f6c3a9b10"}""")]
    [InlineData("/api/stream/info", """{"title":"x","ingressId":"IN_other"}""")]
    [InlineData("/api/stream/info", """{"title":"x","viewerCount":1000000}""")]
    [InlineData("/api/stream/info", """{"title":"x","ingress":{"id":"IN_other"}}""")]
    [InlineData("/api/stream/info", """{"title":"x","isChatEnabled":false}""")]
    [InlineData("/api/stream/info", """{"title":"x","title":"y"}""")]
    [InlineData("/api/stream/info", """{"title":"x","Title":"y"}""")]
    [InlineData("/api/stream/info", """{"title":"x" """)]
    [InlineData("/api/stream/info", """{"title":"\ud800"}""")]
    [InlineData("/api/stream/info", "")]
    [InlineData("/api/stream/chat-settings", """{"isChatEnabled":false,"userId":"someone"}""")]
    [InlineData("/api/stream/chat-settings", """{"isChatEnabled":"false"}""")]
    [InlineData("/api/stream/chat-settings", """{"isChatEnabled":null}""")]
    [InlineData("/api/stream/chat-settings", """{"isChatEnabled":false,"isChatEnabled":true}""")]
    public async Task Nothing_changes_when_a_body_is_not_as_it_must_be(string path, string body)
    {
        var before = (await _creator.Info()).GetRawText();

        Assert.Equal("invalid_json", await TestCreator.Code(await Put(path, body), HttpStatusCode.BadRequest));

        Assert.Equal(before, (await _creator.Info()).GetRawText());
    }

    [Theory]
    [InlineData("title", "\"\"")]
    [InlineData("title", "\"   \"")]
    [InlineData("title", "null")]
    [InlineData("title", "\"a\\r\\nSet-Cookie: x\"")]
    [InlineData("title", "\"\\u202eevil\"")]
    [InlineData("title", "\"a\\u0000b\"")]
    [InlineData("thumbnail", "\"http://example.com/a.png\"")]
    [InlineData("thumbnail", "\"javascript:alert(1)\"")]
    [InlineData("thumbnail", "\"https://127.0.0.1/\"")]
    [InlineData("thumbnail", "\"https://[::1]/\"")]
    [InlineData("thumbnail", "\"https://0x7f.1/\"")]
    [InlineData("thumbnail", "\"https://h@evil.example.com/\"")]
    [InlineData("thumbnail", "\"\"")]
    public async Task Nothing_changes_when_a_value_breaks_a_rule(string member, string value)
    {
        var before = (await _creator.Info()).GetRawText();

        using var answer = await Put("/api/stream/info", $$"""{"{{member}}":{{value}}}""");
        var body = await TestCreator.Read(answer, HttpStatusCode.BadRequest);

        Assert.Equal("validation_failed", body.GetProperty("code").GetString());
        Assert.Equal([member], body.GetProperty("details").EnumerateObject().Select(d => d.Name));
        Assert.Equal(before, (await _creator.Info()).GetRawText());
    }

    [Fact]
    public async Task A_title_of_200_characters_of_any_kind_fits_and_one_of_201_does_not()
    {
        foreach (var character in new[] { "a", "🎬", "夜" })
        {
            var title = string.Concat(Enumerable.Repeat(character, 200));
            Assert.Equal(title, (await Change(new { title })).GetProperty("title").GetString());
            Assert.Equal("validation_failed", await TestCreator.Code(await _creator.Api.PutAsJsonAsync("/api/stream/info", new { title = title + character }), HttpStatusCode.BadRequest));
        }
    }

    [Fact]
    public async Task A_title_is_stored_trimmed_and_composed() =>
        Assert.Equal("Caf\u00e9", (await Change(new { title = "  Cafe\u0301 " })).GetProperty("title").GetString());

    [Fact]
    public async Task Absent_is_untouched_and_null_clears()
    {
        const string thumbnail = "https://cdn.example.com/a.png";
        await Change(new { title = "Before", thumbnail });

        Assert.Equal(("Before", thumbnail), TitleAndThumbnail(await Change(new { })));
        Assert.Equal(("After", thumbnail), TitleAndThumbnail(await Change(new { title = "After" })));
        Assert.Equal(("After", null), TitleAndThumbnail(await Change(new { thumbnail = (string?)null })));
    }

    [Fact]
    public async Task Each_creator_reaches_his_own_stream_only()
    {
        var other = await _system.NewChannel();
        var before = (await other.Info()).GetRawText();
        var id = await other.Room();

        // No route takes an id: whatever is named in the address or the query is not looked at.
        foreach (var query in new[] { $"?id={id}", $"?userId={other.UserId}", $"?ingressId={other.IngressId}" })
        {
            using var info = await _creator.Api.GetAsync(new Uri("/api/stream/info" + query, UriKind.Relative));
            Assert.Equal(_creator.UserId, (await TestCreator.Read(info, HttpStatusCode.OK)).GetProperty("stream").GetProperty("userId").GetString());
        }
        using var foreign = await _creator.Api.GetAsync(new Uri($"/api/stream/info/{id}", UriKind.Relative));
        using var absent = await _creator.Api.GetAsync(new Uri($"/api/stream/info/{Guid.CreateVersion7()}", UriKind.Relative));
        Assert.Equal(await TestCreator.Code(absent, HttpStatusCode.NotFound), await TestCreator.Code(foreign, HttpStatusCode.NotFound));
        await Change(new { title = "Mine" });
        Assert.Equal(before, (await other.Info()).GetRawText());
    }

    [Theory]
    [InlineData(17 * 1024)]
    [InlineData(10_000_000)]
    public async Task A_body_over_16_KiB_is_refused(int bytes)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, "/api/stream/info");
        request.Headers.ExpectContinue = true;
        request.Content = new StringContent("{\"title\":\"" + new string('a', bytes) + "\"}", Encoding.UTF8, "application/json");

        Assert.Equal("payload_too_large", await TestCreator.Code(await _creator.Api.SendAsync(request), HttpStatusCode.RequestEntityTooLarge));
    }

    [Theory]
    [InlineData("PUT", "/api/stream/info")]
    [InlineData("PUT", "/api/stream/chat-settings")]
    [InlineData("POST", "/api/stream/ingress")]
    public async Task Another_content_type_is_refused(string method, string path)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = new StringContent("{}", Encoding.UTF8, "text/plain") };

        Assert.Equal("unsupported_media_type", await TestCreator.Code(await _creator.Api.SendAsync(request), HttpStatusCode.UnsupportedMediaType));
    }

    [Theory]
    [InlineData("GET", "/api/stream/info")]
    [InlineData("PUT", "/api/stream/info")]
    [InlineData("PUT", "/api/stream/chat-settings")]
    [InlineData("GET", "/api/stream/status")]
    [InlineData("POST", "/api/stream/creator-token")]
    [InlineData("POST", "/api/stream/ingress")]
    [InlineData("DELETE", "/api/stream/ingress")]
    public async Task Whoever_is_no_approved_creator_is_told_to_apply(string method, string path)
    {
        using var viewer = await _system.As("just-a-viewer");
        using var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = method == "PUT" ? new StringContent("{}", Encoding.UTF8, "application/json") : null };
        using var answer = await viewer.SendAsync(request);

        var body = await TestCreator.Read(answer, HttpStatusCode.Forbidden);
        Assert.Equal(("creator_access_required", "Creator access required. Please apply and get approved."), (body.GetProperty("code").GetString(), body.GetProperty("error").GetString()));
    }

    private Task<HttpResponseMessage> Put(string path, string body) =>
        _creator.Api.PutAsync(new Uri(path, UriKind.Relative), new StringContent(body, Encoding.UTF8, "application/json"));

    private async Task<JsonElement> Change(object change) =>
        (await TestCreator.Read(await _creator.Api.PutAsJsonAsync("/api/stream/info", change), HttpStatusCode.OK)).GetProperty("stream");

    private static (string?, string?) TitleAndThumbnail(JsonElement stream) => (stream.GetProperty("title").GetString(), stream.GetProperty("thumbnail").GetString());
}
