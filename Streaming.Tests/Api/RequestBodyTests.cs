using System.ComponentModel.DataAnnotations;
using System.Net.Http.Headers;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Streaming.Api.Http;
using Streaming.Core.Streams;

namespace Streaming.Tests.Api;

public sealed class RequestBodyTests : IAsyncLifetime
{
    private SmallApp _app = null!;

    public async Task InitializeAsync() => _app = await SmallApp.Start(routes =>
    {
        routes.MapPut("/change", (Change change) => Results.Json(new
        {
            title = change.Title.IsGiven ? "given:" + change.Title.Value : "absent",
            thumbnail = change.Thumbnail.IsGiven ? "given:" + change.Thumbnail.Value : "absent",
            seconds = change.Seconds.Or(-1),
            limit = change.Limit.IsGiven ? $"given:{change.Limit.Value}" : "absent",
        })).AllowAnonymous();
        routes.MapPost("/kind", (Kind? kind) => Results.Json(new { kind = kind?.IngressType })).AllowAnonymous();
        routes.MapGet("/flag", (bool? flag) => Results.Json(new { flag })).AllowAnonymous();
        routes.MapPost("/large", (Kind? kind) => "read").AllowAnonymous().LimitBody(64 * 1024);
    });

    public async Task DisposeAsync() => await _app.DisposeAsync();

    [Theory]
    [InlineData("{}", "absent", "absent", -1, "absent")]
    [InlineData("""{"title":"Hello","thumbnail":null,"limit":null}""", "given:Hello", "given:", -1, "given:")]
    [InlineData("""{"thumbnail":"https://cdn.example.com/a.png","seconds":7,"limit":3}""", "absent", "given:https://cdn.example.com/a.png", 7, "given:3")]
    public async Task Absent_is_not_null_and_null_is_not_absent(string body, string title, string thumbnail, int seconds, string limit)
    {
        var answer = await (await _app.Send(HttpMethod.Put, "/change", body)).Json();

        Assert.Equal(
            (title, thumbnail, seconds, limit),
            (answer.GetProperty("title").GetString(), answer.GetProperty("thumbnail").GetString(), answer.GetProperty("seconds").GetInt32(), answer.GetProperty("limit").GetString()));
    }

    [Theory]
    [InlineData("""{"title":null}""", "title")]
    [InlineData("""{"title":""}""", "title")]
    [InlineData("""{"title":"\u202eevil"}""", "title")]
    [InlineData("""{"thumbnail":"http://example.com/"}""", "thumbnail")]
    [InlineData("""{"seconds":121}""", "seconds")]
    [InlineData("""{"limit":0}""", "limit")]
    public async Task A_broken_rule_is_reported_by_member(string body, string member)
    {
        var error = await (await _app.Send(HttpMethod.Put, "/change", body)).IsError(400, "validation_failed");

        var complaint = Assert.Single(error.GetProperty("details").EnumerateObject());
        Assert.Equal(member, complaint.Name);
        Assert.NotEmpty(complaint.Value[0].GetString()!);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{")]
    [InlineData("""{"title":"a}""")]
    [InlineData("[]")]
    [InlineData("\"text\"")]
    [InlineData("""{"title":7}""")]
    [InlineData("""{"seconds":"7"}""")]
    [InlineData("""{"seconds":7.5}""")]
    [InlineData("""{"seconds":null}""")]
    [InlineData("""{"seconds":99999999999}""")]
    [InlineData("""{"title":"a","isLive":true}""")]
    [InlineData("""{"Title":"a"}""")]
    [InlineData("""{"title":"a","title":"b"}""")]
    [InlineData("""{"title":"a","t\u0069tle":"b"}""")]
    [InlineData("""{"title":"\ud800"}""")]
    [InlineData("""{"title":"\udc00\ud800"}""")]
    [InlineData("""{"\ud800":"a"}""")]
    [InlineData("""{"title":"a",}""")]
    [InlineData("""{/**/}""")]
    [InlineData("""{} {}""")]
    [InlineData("""{"secret-marker":1}""")]
    public async Task A_body_that_is_not_the_JSON_expected_is_refused_without_repeating_it(string body)
    {
        var response = await _app.Send(HttpMethod.Put, "/change", body);

        var error = await response.IsError(400, "invalid_json");
        Assert.DoesNotContain("marker", error.GetRawText(), StringComparison.Ordinal);
        Assert.DoesNotContain("isLive", error.GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_place_of_the_mistake_is_named()
    {
        var error = await (await _app.Send(HttpMethod.Put, "/change", "{\n  \"title\": 7 }")).IsError(400, "invalid_json");

        Assert.Equal(2, error.GetProperty("details").GetProperty("line").GetInt32());
        Assert.Equal("title", error.GetProperty("details").GetProperty("member").GetString());
    }

    [Fact]
    public async Task Bytes_that_are_no_text_are_refused()
    {
        byte[] body = [.. "{\"title\":\""u8, 0xff, 0xc0, .. "\"}"u8];

        await (await _app.Send(HttpMethod.Put, "/change", body)).IsError(400, "invalid_json");
    }

    [Fact]
    public async Task No_body_at_all_is_refused_where_one_is_needed_and_fine_where_it_is_not()
    {
        await (await _app.Send(HttpMethod.Put, "/change")).IsError(400, "invalid_json");
        Assert.Equal(200, (int)(await _app.Send(HttpMethod.Post, "/kind")).StatusCode);
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("application/xml")]
    [InlineData(null)]
    public async Task Another_content_type_is_refused(string? type)
    {
        var response = await _app.Send(HttpMethod.Put, "/change", "{}", r => r.Content!.Headers.ContentType = type is null ? null : new MediaTypeHeaderValue(type));

        await response.IsError(415, "unsupported_media_type");
    }

    [Theory]
    [InlineData("RTMP", true)]
    [InlineData("WHIP", true)]
    [InlineData("rtmp", false)]
    [InlineData(" RTMP", false)]
    [InlineData("RTMP,WHIP", false)]
    [InlineData("0", false)]
    [InlineData("SRT", false)]
    public async Task Enums_are_read_by_their_exact_names(string name, bool accepted)
    {
        var response = await _app.Send(HttpMethod.Post, "/kind", $$"""{"ingressType":"{{name}}"}""");

        if (accepted) Assert.Equal(name, (await response.Json()).GetProperty("kind").GetString());
        else await response.IsError(400, "invalid_json");
    }

    [Fact]
    public async Task Enums_are_not_read_by_number() =>
        await (await _app.Send(HttpMethod.Post, "/kind", """{"ingressType":1}""")).IsError(400, "invalid_json");

    [Fact]
    public async Task A_query_value_of_the_wrong_form_is_refused() =>
        await (await _app.Send(HttpMethod.Get, "/flag?flag=perhaps")).IsError(400, "invalid_request");

    [Theory]
    [InlineData("/change", 17 * 1024)]
    [InlineData("/change", 10_000_000)]
    [InlineData("/large", 65 * 1024)]
    public async Task A_body_over_the_limit_is_refused(string path, int bytes)
    {
        var body = Encoding.UTF8.GetBytes("{\"title\":\"" + new string('a', bytes - 12) + "\"}");
        var method = path == "/large" ? HttpMethod.Post : HttpMethod.Put;

        await (await _app.Send(method, path, body, r => r.Headers.ExpectContinue = true)).IsError(413, "payload_too_large");
    }

    [Fact]
    public async Task A_body_without_a_length_is_refused_at_the_limit_too()
    {
        var body = Encoding.UTF8.GetBytes("{\"title\":\"" + new string('a', 17 * 1024) + "\"}");

        await (await _app.Send(HttpMethod.Put, "/change", body, r => r.Headers.TransferEncodingChunked = true)).IsError(413, "payload_too_large");
    }

    public sealed record Change(
        [Text(1, Channel.TitleMax)] Optional<string> Title,
        [HttpsUrl] Optional<string?> Thumbnail,
        [Range(3, 120)] Optional<int> Seconds,
        [Range(1, 9)] Optional<int?> Limit);

    public sealed record Kind(IngressType? IngressType);
}
