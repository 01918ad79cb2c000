using System.Text.Json;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Api;

/// <summary>Changing who may chat, and how.</summary>
public sealed class ChatSettingsTests : IAsyncLifetime
{
    private const string ChatSettings = "/api/stream/chat-settings";

    private TestSystem _system = null!;

    public async Task InitializeAsync() => _system = await TestSystem.Shared;

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task A_creator_without_a_first_key_has_no_chat_yet()
    {
        var creator = await _system.NewCreator();
        await (await creator.Api.PutJson(ChatSettings, """{"isChatEnabled":false}""")).IsError(404, "stream_not_found");
    }

    [Fact]
    public async Task Each_rule_is_changed_by_itself_and_the_answer_is_the_whole_stream()
    {
        var creator = await _system.NewChannel();
        await creator.Api.PutJson("/api/stream/info", """{"title":"Talk","thumbnail":"https://cdn.example.com/a.png"}""").Stream();

        Assert.Equal((false, false, false), Rules(await creator.Api.PutJson(ChatSettings, """{"isChatEnabled":false}""").Stream()));
        Assert.Equal((false, true, false), Rules(await creator.Api.PutJson(ChatSettings, """{"isChatDelayed":true}""").Stream()));
        Assert.Equal((false, true, true), Rules(await creator.Api.PutJson(ChatSettings, """{"isChatFollowersOnly":true}""").Stream()));
        var last = await creator.Api.PutJson(ChatSettings, """{"isChatEnabled":true,"isChatDelayed":false,"isChatFollowersOnly":false}""").Stream();
        Assert.Equal((true, false, false), Rules(last));
        Assert.Equal("Talk", last.GetProperty("title").GetString());
        Assert.Equal(last.GetRawText(), (await creator.Info()).GetRawText());
    }

    [Fact]
    public async Task A_change_is_dated_and_what_changes_nothing_is_not()
    {
        var creator = await _system.NewChannel();
        var before = await creator.Info();
        Assert.Equal(before.GetRawText(), (await creator.Api.PutJson(ChatSettings, "{}").Stream()).GetRawText());
        Assert.Equal(before.GetRawText(), (await creator.Api.PutJson(ChatSettings, """{"isChatEnabled":true}""").Stream()).GetRawText());
        var changed = await creator.Api.PutJson(ChatSettings, """{"isChatEnabled":false}""").Stream();
        Assert.True(changed.GetProperty("updatedAt").GetDateTimeOffset() > before.GetProperty("updatedAt").GetDateTimeOffset());
    }

    [Theory]
    [InlineData("""{"isChatEnabled":null}""", 400, "invalid_json")]
    [InlineData("""{"isChatEnabled":"false"}""", 400, "invalid_json")]
    [InlineData("""{"isChatEnabled":0}""", 400, "invalid_json")]
    [InlineData("""{"isChatEnabled":[]}""", 400, "invalid_json")]
    [InlineData("""{"isChatEnabled":false,"isChatDelayed":1}""", 400, "invalid_json")]
    [InlineData("""{"isChatEnabled":false,"isChatEnabled":true}""", 400, "invalid_json")]
    [InlineData("""{"ischatenabled":false}""", 400, "invalid_json")]
    [InlineData("""{"isChatEnabled":false,"isLive":true}""", 400, "invalid_json")]
    [InlineData("""{"isChatEnabled":false,"title":"x"}""", 400, "invalid_json")]
    [InlineData("""{"isChatEnabled":false""", 400, "invalid_json")]
    [InlineData("[]", 400, "invalid_json")]
    [InlineData("null", 400, "invalid_json")]
    [InlineData("", 400, "invalid_json")]
    public async Task A_body_that_is_not_the_JSON_expected_changes_nothing(string body, int status, string code)
    {
        var creator = await _system.NewChannel();
        var before = await creator.Info();
        await (await creator.Api.PutJson(ChatSettings, body)).IsError(status, code);
        Assert.Equal(before.GetRawText(), (await creator.Info()).GetRawText());
    }

    [Fact]
    public async Task A_body_of_another_kind_or_size_changes_nothing()
    {
        var creator = await _system.NewChannel();
        var before = await creator.Info();
        var change = """{"isChatEnabled":false}""";
        await (await creator.Api.SendBytes(HttpMethod.Put, ChatSettings, "isChatEnabled=false"u8.ToArray(), "application/x-www-form-urlencoded")).IsError(415, "unsupported_media_type");
        await (await creator.Api.PutJson(ChatSettings, change.PadRight(17 * 1024))).IsError(413, "payload_too_large");
        await (await creator.Api.SendBytes(HttpMethod.Put, ChatSettings, null)).IsError(400, "invalid_json");
        Assert.Equal(before.GetRawText(), (await creator.Info()).GetRawText());
    }

    private static (bool Enabled, bool Delayed, bool FollowersOnly) Rules(JsonElement info) =>
        (info.GetProperty("isChatEnabled").GetBoolean(), info.GetProperty("isChatDelayed").GetBoolean(), info.GetProperty("isChatFollowersOnly").GetBoolean());
}
