using System.Net;
using System.Text;
using System.Text.Json;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Api;

/// <summary>Reading and changing title and thumbnail.</summary>
public sealed class InfoTests : IAsyncLifetime
{
    private const string Info = "/api/stream/info";

    private static readonly string[] Members =
    [
        "id", "userId", "title", "thumbnail", "isLive", "visibility", "isChatEnabled", "isChatDelayed", "isChatFollowersOnly", "reconnectWindowSeconds", "maxDurationMinutes", "onContest", "ingress", "createdAt", "updatedAt",
    ];

    private TestSystem _system = null!;

    public async Task InitializeAsync() => _system = await TestSystem.Shared;

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task A_creator_without_a_first_key_has_no_stream_yet()
    {
        var creator = await _system.NewCreator();
        await (await creator.Api.GetAt(Info)).IsError(404, "stream_not_found");
        await (await creator.Api.PutJson(Info, """{"title":"Mine"}""")).IsError(404, "stream_not_found");
        await (await creator.Api.GetAt(Info)).IsError(404, "stream_not_found");
    }

    [Fact]
    public async Task A_new_stream_has_these_settings()
    {
        var creator = await _system.NewChannel();
        var info = await creator.Info();
        Assert.Superset(Members.ToHashSet(), info.EnumerateObject().Select(p => p.Name).ToHashSet());
        Assert.Equal(creator.UserId, info.GetProperty("userId").GetString());
        Assert.Equal(("Untitled stream", JsonValueKind.Null, false), (info.GetProperty("title").GetString(), info.GetProperty("thumbnail").ValueKind, info.GetProperty("isLive").GetBoolean()));
        Assert.Equal((true, false, false, 60), (
            info.GetProperty("isChatEnabled").GetBoolean(), info.GetProperty("isChatDelayed").GetBoolean(), info.GetProperty("isChatFollowersOnly").GetBoolean(),
            info.GetProperty("reconnectWindowSeconds").GetInt32()));
        Assert.Equal(["id", "type", "keyLast4"], info.GetProperty("ingress").EnumerateObject().Select(p => p.Name));
        Assert.EndsWith("Z", info.GetProperty("createdAt").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stream_is_public_until_its_creator_says_otherwise()
    {
        var creator = await _system.NewChannel();
        Assert.Equal("public", (await creator.Info()).GetProperty("visibility").GetString());
        foreach (var visibility in new[] { "unlisted", "followers", "private", "test", "public" })
        {
            Assert.Equal(visibility, (await creator.Api.PutJson(Info, $$"""{"visibility":"{{visibility}}"}""").Stream()).GetProperty("visibility").GetString());
            Assert.Equal(visibility, (await creator.Api.PutJson(Info, """{"title":"Mine"}""").Stream()).GetProperty("visibility").GetString());
        }
        foreach (var wrong in new[] { "null", "\"Public\"", "\"secret\"", "0", "\"\"" })
            await (await creator.Api.PutJson(Info, $$"""{"visibility":{{wrong}}}""")).IsError(400, "invalid_json");
    }

    [Fact]
    public async Task What_is_absent_stays_what_is_null_is_cleared_and_the_answer_is_what_is_stored()
    {
        var creator = await _system.NewChannel();
        var both = await creator.Api.PutJson(Info, """{"title":"First","thumbnail":"https://cdn.example.com/a.png"}""").Stream();
        Assert.Equal(("First", "https://cdn.example.com/a.png"), Of(both));
        Assert.Equal(("Second", "https://cdn.example.com/a.png"), Of(await creator.Api.PutJson(Info, """{"title":"Second"}""").Stream()));
        Assert.Equal(("Second", "https://cdn.example.com/b.png"), Of(await creator.Api.PutJson(Info, """{"thumbnail":"https://cdn.example.com/b.png"}""").Stream()));
        var cleared = await creator.Api.PutJson(Info, """{"thumbnail":null}""").Stream();
        Assert.Equal(("Second", null), Of(cleared));
        Assert.Equal(cleared.GetRawText(), (await creator.Info()).GetRawText());

        static (string? Title, string? Thumbnail) Of(JsonElement info) => (info.GetProperty("title").GetString(), info.GetProperty("thumbnail").GetString());
    }

    [Fact]
    public async Task A_change_is_dated_and_what_changes_nothing_is_not()
    {
        var creator = await _system.NewChannel();
        var before = await creator.Info();
        Assert.Equal(before.GetRawText(), (await creator.Api.PutJson(Info, "{}").Stream()).GetRawText());
        var changed = await creator.Api.PutJson(Info, """{"title":"New"}""").Stream();
        Assert.True(changed.GetProperty("updatedAt").GetDateTimeOffset() > before.GetProperty("updatedAt").GetDateTimeOffset());
        Assert.Equal(changed.GetRawText(), (await creator.Api.PutJson(Info, """{"title":" New ","thumbnail":null}""").Stream()).GetRawText());
    }

    public static TheoryData<string, string> Titles => new()
    {
        { "Plain", "Plain" },
        { "  padded \u00a0\u3000", "padded" },
        { "Späti – 夜市 🎬 مرحبا", "Späti – 夜市 🎬 مرحبا" },
        { "Cafe\u0301", "Caf\u00e9" }, // composed
        { "\u1112\u1161\u11ab", "\ud55c" },
        { "👩‍👩‍👧‍👦", "👩‍👩‍👧‍👦" }, // joined by a character without a width of its own
        { "<script>alert('x')</script>", "<script>alert('x')</script>" }, // text, for whoever shows it to escape
        { "'; drop table channels; --", "'; drop table channels; --" },
        { new string('a', 200), new string('a', 200) },
        { string.Concat(Enumerable.Repeat("🎬", 200)), string.Concat(Enumerable.Repeat("🎬", 200)) },
    };

    [Theory]
    [MemberData(nameof(Titles))]
    public async Task A_title_is_trimmed_and_composed_and_otherwise_left_alone(string given, string stored)
    {
        var creator = await _system.NewChannel();
        var info = await creator.Api.PutJson(Info, JsonSerializer.Serialize(new { title = given })).Stream();
        Assert.Equal(stored, info.GetProperty("title").GetString());
        Assert.Equal(stored, (await creator.Info()).GetProperty("title").GetString());
    }

    public static TheoryData<string> RefusedTitles =>
    [
        "", "   ", "\tTabbed", "\u200b\u2060", new string('a', 201), string.Concat(Enumerable.Repeat("🎬", 201)), new string('a', 15_000),
        "a\r\nSet-Cookie: x", "a\nb", "\u0000", "a\u0007", "a\u007f", "a\u0085b", "a\u2028b", "\u001b[31mred",
        "\u202eevil", "a\u2066b", "\u200fa", "\u061ca",
        string.Concat(Enumerable.Repeat("\ufb2c", 200)), // each becomes three characters when it is composed
    ];

    [Theory]
    [MemberData(nameof(RefusedTitles))]
    public async Task A_title_that_breaks_the_rules_changes_nothing(string title) =>
        await ChangesNothing(JsonSerializer.Serialize(new { thumbnail = "https://cdn.example.com/new.png", title }), 400, "validation_failed", "title");

    // Row by row what an https URL of a public host is not; HttpsUrlTests has many more.
    [Theory]
    [InlineData("http://169.254.169.254/")]
    [InlineData("http://example.com/a.png")]
    [InlineData("ftp://x")]
    [InlineData("javascript:alert(1)")]
    [InlineData("https://")]
    [InlineData("https://user:password@example.com/")]
    [InlineData("https://h@evil")]
    [InlineData("https://example.com:8443/")]
    [InlineData("https://[::1]/")]
    [InlineData("https://0x7f.1/")]
    [InlineData("https://127.1/")]
    [InlineData("https://2130706433/")]
    [InlineData("https://localhost/")]
    [InlineData("https://db.internal/")]
    [InlineData("https://xn--pple-43d.com/")]
    [InlineData("")]
    [InlineData("/a.png")]
    public async Task A_thumbnail_that_is_no_public_https_URL_changes_nothing(string thumbnail) =>
        await ChangesNothing(JsonSerializer.Serialize(new { title = "New", thumbnail }), 400, "validation_failed", "thumbnail");

    [Fact]
    public async Task A_thumbnail_of_2048_characters_is_kept_and_one_more_is_too_long()
    {
        var creator = await _system.NewChannel();
        var longest = "https://cdn.example.com/".PadRight(2048, 'a');
        Assert.Equal(longest, (await creator.Api.PutJson(Info, $$"""{"thumbnail":"{{longest}}"}""").Stream()).GetProperty("thumbnail").GetString());
        await ChangesNothing($$"""{"thumbnail":"{{longest}}a"}""", 400, "validation_failed", "thumbnail");
    }

    [Theory]
    [InlineData("""{"title":null}""", "validation_failed")]
    [InlineData("""{"title":7}""", "invalid_json")]
    [InlineData("""{"isMature":null}""", "invalid_json")]
    [InlineData("""{"tags":"a"}""", "invalid_json")]
    [InlineData("""{"title":["a"]}""", "invalid_json")]
    [InlineData("""{"title":{"a":"b"}}""", "invalid_json")]
    [InlineData("""{"title":true}""", "invalid_json")]
    [InlineData("""{"thumbnail":false}""", "invalid_json")]
    [InlineData("""{"Title":"New"}""", "invalid_json")]
    [InlineData("""{"title":"New","title":"Newer"}""", "invalid_json")]
    [InlineData("""{"title":"New","t\u0069tle":"Newer"}""", "invalid_json")]
    [InlineData("""{"title":"New","unknown":1}""", "invalid_json")]
    [InlineData("""{"title":"New","__proto__":{}}""", "invalid_json")]
    [InlineData("""{"title":"\ud800"}""", "invalid_json")]
    [InlineData("""{"title":"New"} {"title":"Newer"}""", "invalid_json")]
    [InlineData("""{"title":"New",}""", "invalid_json")]
    [InlineData("""{"title":"New" /* comment */}""", "invalid_json")]
    [InlineData("{'title':'New'}", "invalid_json")]
    [InlineData("""{"title":"New""", "invalid_json")]
    [InlineData("""[{"title":"New"}]""", "invalid_json")]
    [InlineData("\"New\"", "invalid_json")]
    [InlineData("null", "invalid_json")]
    [InlineData("", "invalid_json")]
    [InlineData("title=New", "invalid_json")]
    public async Task A_body_that_is_not_the_JSON_expected_changes_nothing(string body, string code) => await ChangesNothing(body, 400, code);

    // The first is a lone surrogate as UTF-8 would encode it, if it could.
    [Theory]
    [InlineData("7B227469746C65223A22EDA080227D")]
    [InlineData("7B227469746C65223A22FF227D")]
    [InlineData("FEFF007B007D")]
    public async Task Bytes_that_are_no_UTF_8_change_nothing(string hex) => await ChangesNothing(Convert.FromHexString(hex), 400, "invalid_json");

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("multipart/form-data; boundary=x")]
    [InlineData("application/xml")]
    [InlineData(null)]
    public async Task Another_content_type_changes_nothing(string? type) => await ChangesNothing("""{"title":"New"}"""u8.ToArray(), 415, "unsupported_media_type", type: type);

    [Theory]
    [InlineData(17 * 1024)]
    [InlineData(10_000_000)]
    public async Task A_body_that_is_too_large_changes_nothing(int bytes) =>
        await ChangesNothing("""{"title":"New"}""".PadRight(bytes), 413, "payload_too_large");

    [Theory]
    [InlineData("""{"title":""", "[", "]")]
    [InlineData("""{"title":""", """{"a":""", "}")]
    public async Task A_body_that_is_nested_too_deep_changes_nothing(string start, string open, string close) =>
        await ChangesNothing(start + Many(open) + "1" + Many(close) + "}", 400, "invalid_json");

    [Fact]
    public async Task No_body_changes_nothing() => await ChangesNothing((byte[]?)null, 400, "invalid_json");

    [Fact]
    public async Task Category_language_tags_and_whether_it_is_for_everybody_are_kept_merged_and_cleared()
    {
        var creator = await _system.NewChannel();
        Assert.Equal("null null [] false", About(await creator.Info()));

        var about = await creator.Api.PutJson(Info, """{"category":" Science & Caf\u0065\u0301 ","language":"PT-br","tags":["Shed","caf\u0065\u0301","shed"," boats "],"isMature":true}""").Stream();
        Assert.Equal("Science & Café pt-BR [Shed,café,boats] true", About(about));
        Assert.Equal(about.GetRawText(), (await creator.Info()).GetRawText());

        Assert.Equal("Science & Café zh-Hant-TW [Shed,café,boats] true", About(await creator.Api.PutJson(Info, """{"language":"zh-hant-tw"}""").Stream()));
        Assert.Equal("null zh-Hant-TW [] true", About(await creator.Api.PutJson(Info, """{"category":null,"tags":null}""").Stream()));
        Assert.Equal("null null [] false", About(await creator.Api.PutJson(Info, """{"language":null,"tags":[],"isMature":false}""").Stream()));

        var name = $"c{creator.UserId[^20..]}";
        await creator.Api.PutJson("/api/me/username", $$"""{"username":"{{name}}"}""");
        await creator.Api.PutJson(Info, """{"category":"Boats","language":"en","tags":["a","b"],"isMature":true}""").Stream();
        Assert.Equal("Boats en [a,b] true", About(await TestCreator.Read(await _system.Anonymous.GetAt($"/api/stream/{name}"), HttpStatusCode.OK)));
    }

    [Theory]
    [InlineData("category", "\"\"")]
    [InlineData("category", "\"a\\u202eb\"")]
    [InlineData("language", "\"\"")]
    [InlineData("language", "\"english\\u0000\"")]
    [InlineData("language", "\"e\"")]
    [InlineData("language", "\"en_GB\"")]
    [InlineData("language", "\"en-\"")]
    [InlineData("language", "\"en-a\"")]
    [InlineData("language", "\"x-private\"")]
    [InlineData("tags", """["a\nb"]""")]
    [InlineData("tags", """["ok",""]""")]
    [InlineData("tags", """["ok",null]""")]
    [InlineData("tags", """["aaaaaaaaaaaaaaaaaaaaaaaaaa"]""")]
    [InlineData("tags", """["1","2","3","4","5","6","7","8","9","10","11"]""")]
    public async Task What_a_stream_says_of_itself_that_breaks_the_rules_changes_nothing(string member, string value) =>
        await ChangesNothing($$"""{"title":"New","{{member}}":{{value}}}""", 400, "validation_failed", member);

    [Fact]
    public async Task A_change_made_in_ignorance_of_another_is_refused_when_it_says_what_it_knew()
    {
        var creator = await _system.NewChannel();
        var first = (await creator.Api.GetAt(Info)).Headers.ETag!.ToString();
        Assert.Equal(first, (await creator.Api.GetAt(Info)).Headers.ETag!.ToString());

        var changed = await Put("""{"title":"Mine"}""", first);
        var second = changed.Headers.ETag!.ToString();
        Assert.Equal(HttpStatusCode.OK, changed.StatusCode);
        Assert.NotEqual(first, second);

        foreach (var old in new[] { first, $"W/{second}", "\"nonsense\"", "nonsense", "" }) await (await Put("""{"title":"Theirs"}""", old)).IsError(412, "precondition_failed");
        Assert.Equal("Mine", (await creator.Info()).GetProperty("title").GetString());
        var round = 0;
        foreach (var known in new Func<string?>[] { () => second, () => $"{first}, {second}", () => "*", () => null })
            second = (await Put($$"""{"title":"Mine {{++round}}"}""", known())).EnsureSuccessStatusCode().Headers.ETag!.ToString();

        await creator.Api.PutJson("/api/stream/chat-settings", """{"isChatEnabled":false}""").Stream();
        await (await Put("""{"isMature":true}""", second)).IsError(412, "precondition_failed");

        async Task<HttpResponseMessage> Put(string json, string? ifMatch)
        {
            using var request = new HttpRequestMessage(HttpMethod.Put, new Uri(Info, UriKind.Relative)) { Content = new StringContent(json, Encoding.UTF8, "application/json") };
            if (ifMatch is not null) request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
            return await creator.Api.SendAsync(request);
        }
    }

    [Fact]
    public async Task Of_changes_at_once_that_knew_the_same_one_is_made()
    {
        var creator = await _system.NewChannel();
        for (var round = 0; round < 5; round++)
        {
            var known = (await creator.Api.GetAt(Info)).Headers.ETag!;
            var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(i =>
            {
                var request = new HttpRequestMessage(HttpMethod.Put, new Uri(Info, UriKind.Relative)) { Content = new StringContent($$"""{"title":"{{round}} {{i}}"}""", Encoding.UTF8, "application/json"), Headers = { IfMatch = { known } } };
                return creator.Api.SendAsync(request);
            }));

            var made = Assert.Single(answers, a => a.StatusCode == HttpStatusCode.OK);
            foreach (var refused in answers.Where(a => a != made)) await refused.IsError(412, "precondition_failed");
            Assert.Equal((await Task.FromResult(made).Stream()).GetProperty("title").GetString(), (await creator.Info()).GetProperty("title").GetString());
        }
    }

    private static string About(JsonElement of) =>
        $"{of.GetProperty("category").GetString() ?? "null"} {of.GetProperty("language").GetString() ?? "null"} [{string.Join(',', of.GetProperty("tags").EnumerateArray())}] {(of.GetProperty("isMature").GetBoolean() ? "true" : "false")}";

    [Fact]
    public async Task Changes_at_once_are_all_there_or_one_is_told_and_none_is_lost()
    {
        var creator = await _system.NewChannel();
        var conflicts = 0;
        for (var round = 0; round < 10; round++)
        {
            var (title, thumbnail) = ($"Title {round}", $"https://cdn.example.com/{round}.png");
            var before = await creator.Info();
            var answers = await Task.WhenAll(
                creator.Api.PutJson(Info, $$"""{"title":"{{title}}"}"""),
                creator.Api.PutJson(Info, $$"""{"thumbnail":"{{thumbnail}}"}"""),
                creator.Api.PutJson("/api/stream/chat-settings", $$"""{"isChatDelayed":{{(round % 2 == 0 ? "true" : "false")}}}"""));
            foreach (var refused in answers.Where(a => a.StatusCode != HttpStatusCode.OK)) await refused.IsError(409, "conflict");
            conflicts += answers.Count(a => a.StatusCode != HttpStatusCode.OK);

            var after = await creator.Info();
            Assert.Equal(Kept(answers[0]) ? title : before.GetProperty("title").GetString(), after.GetProperty("title").GetString());
            Assert.Equal(Kept(answers[1]) ? thumbnail : before.GetProperty("thumbnail").GetString(), after.GetProperty("thumbnail").GetString());
            Assert.Equal(Kept(answers[2]) ? round % 2 == 0 : before.GetProperty("isChatDelayed").GetBoolean(), after.GetProperty("isChatDelayed").GetBoolean());
        }

        Assert.NotEqual(30, conflicts);

        static bool Kept(HttpResponseMessage answer) => answer.StatusCode == HttpStatusCode.OK;
    }

    private static string Many(string piece) => string.Concat(Enumerable.Repeat(piece, 1000));

    private Task ChangesNothing(string body, int status, string code, string? member = null) => ChangesNothing(Encoding.UTF8.GetBytes(body), status, code, member);

    private async Task ChangesNothing(byte[]? body, int status, string code, string? member = null, string? type = "application/json")
    {
        var creator = await _system.NewChannel();
        var before = await creator.Info();

        var error = await (await creator.Api.SendBytes(HttpMethod.Put, Info, body, type)).IsError(status, code);

        if (member is not null) Assert.Equal([member], error.GetProperty("details").EnumerateObject().Select(p => p.Name));
        Assert.Equal(before.GetRawText(), (await creator.Info()).GetRawText());
    }
}
