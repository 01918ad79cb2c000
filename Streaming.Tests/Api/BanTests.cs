using System.Net;
using System.Text.Json;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Api;

/// <summary>Bans and time-outs as the creator makes, sees and lifts them.</summary>
public sealed class BanTests : IAsyncLifetime
{
    private TestSystem _system = null!;
    private TestCreator _creator = null!;
    private string _bans = null!;

    public async Task InitializeAsync()
    {
        _system = await TestSystem.Shared;
        _creator = await _system.NewChannel();
        _bans = $"/api/chat/{await _creator.Room()}/bans";
    }

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task A_ban_is_replaced_by_the_next_and_lifted_and_neither_minds_being_repeated()
    {
        var viewer = await _system.NewViewer();

        var ban = await Put(viewer.UserId, """{"scope":"stream","reason":" Spam. "}""");
        Assert.Equal((viewer.UserId, true, "stream", false), (ban.GetProperty("userId").GetString(), ban.GetProperty("banned").GetBoolean(), ban.GetProperty("scope").GetString(), ban.TryGetProperty("expiresAt", out _)));
        var item = Assert.Single(await Items(""));
        Assert.Equal(
            (viewer.UserId, "stream", "Spam.", _creator.UserId, false),
            (item.GetProperty("userId").GetString(), item.GetProperty("scope").GetString(), item.GetProperty("reason").GetString(), item.GetProperty("bannedBy").GetString(), item.TryGetProperty("expiresAt", out _)));

        var timeOut = await Put(viewer.UserId, """{"scope":"chat","durationSeconds":600}""");
        Assert.Equal(TimeSpan.FromMinutes(10), timeOut.GetProperty("expiresAt").GetDateTimeOffset() - timeOut.GetProperty("bannedAt").GetDateTimeOffset());
        item = Assert.Single(await Items(""));
        Assert.Equal(("chat", false, timeOut.GetProperty("expiresAt").GetRawText()), (item.GetProperty("scope").GetString(), item.TryGetProperty("reason", out _), item.GetProperty("expiresAt").GetRawText()));

        for (var again = 0; again < 2; again++) Assert.False((await Lift(viewer.UserId)).GetProperty("banned").GetBoolean());
        Assert.Empty(await Items(""));
    }

    [Fact]
    public async Task Twenty_bans_of_one_person_at_once_are_one()
    {
        var viewer = await _system.NewViewer();
        await Task.WhenAll(Enumerable.Range(1, 20).Select(i => Put(viewer.UserId, $$"""{"scope":"chat","durationSeconds":{{i * 1000}}}""")));
        Assert.Single(await Items(""));
    }

    [Fact]
    public async Task The_list_is_read_page_by_page_with_neither_gap_nor_repeat_and_shows_what_is_in_force()
    {
        var banned = new List<string>();
        for (var i = 0; i < 5; i++)
        {
            banned.Insert(0, (await _system.NewViewer()).UserId);
            await Put(banned[0], """{"scope":"chat"}""");
        }

        var over = (await _system.NewViewer()).UserId;
        await Put(over, """{"scope":"chat","durationSeconds":1}""");

        var first = await Page("?limit=2");
        var cursor = first.GetProperty("nextCursor").GetString();
        await Eventually.True(async () => (await Ids("")).SequenceEqual(banned)); // a time-out that is over is none
        var rest = await Page($"?limit=100&cursor={cursor}");
        Assert.Equal(banned, Named(first).Where(id => id != over).Concat(Named(rest)));
        Assert.False(rest.TryGetProperty("nextCursor", out _));

        await (await _creator.Api.GetAt($"/api/blocks?cursor={cursor}")).IsError(400, "invalid_cursor");
        foreach (var limit in new[] { "0", "-1", "101", "1000000000" }) await (await _creator.Api.GetAt($"{_bans}?limit={limit}")).IsError(400, "validation_failed");

        async Task<IEnumerable<string>> Ids(string query) => Named(await Page(query));
        static IEnumerable<string> Named(JsonElement page) => page.GetProperty("items").EnumerateArray().Select(i => i.GetProperty("userId").GetString()!);
    }

    [Theory]
    [InlineData("""{}""", "invalid_json")]
    [InlineData("""{"scope":null}""", "invalid_json")]
    [InlineData("""{"scope":"room"}""", "invalid_json")]
    [InlineData("""{"scope":"Chat"}""", "invalid_json")]
    [InlineData("""{"scope":1}""", "invalid_json")]
    [InlineData("""{"scope":"chat","scope":"stream"}""", "invalid_json")]
    [InlineData("""{"scope":"chat","until":"2030-01-01T00:00:00Z"}""", "invalid_json")]
    [InlineData("""{"scope":"chat","durationSeconds":"60"}""", "invalid_json")]
    [InlineData("""{"scope":"chat","durationSeconds":1.5}""", "invalid_json")]
    [InlineData("""{"scope":"chat","durationSeconds":0}""", "validation_failed")]
    [InlineData("""{"scope":"chat","durationSeconds":-1}""", "validation_failed")]
    [InlineData("""{"scope":"chat","durationSeconds":1209601}""", "validation_failed")]
    [InlineData("""{"scope":"chat","reason":""}""", "validation_failed")]
    [InlineData("""{"scope":"chat","reason":"a\nb"}""", "validation_failed")]
    [InlineData("""{"scope":"chat","reason":"\u202espam"}""", "validation_failed")]
    public async Task What_is_no_ban_changes_nothing(string body, string code)
    {
        var viewer = await _system.NewViewer();
        await (await _creator.Api.PutJson($"{_bans}/{viewer.UserId}", body)).IsError(400, code);
        Assert.Empty(await Items(""));
    }

    [Fact]
    public async Task A_reason_has_500_characters_of_any_kind_and_a_time_out_two_weeks_at_most()
    {
        var viewer = await _system.NewViewer();
        await Put(viewer.UserId, $$"""{"scope":"chat","durationSeconds":1209600,"reason":"{{string.Concat(Enumerable.Repeat("🎬", 500))}}"}""");
        await (await _creator.Api.PutJson($"{_bans}/{viewer.UserId}", $$"""{"scope":"chat","reason":"{{new string('a', 501)}}"}""")).IsError(400, "validation_failed");
    }

    [Fact]
    public async Task Nobody_bans_himself_or_nobody_or_in_anothers_channel()
    {
        var (viewer, other) = (await _system.NewViewer(), await _system.NewChannel());
        await (await _creator.Api.PutJson($"{_bans}/{_creator.UserId}", """{"scope":"chat"}""")).IsError(422, "oneself");
        foreach (var nobody in new[] { "nobody-at-all", $"guest:{Guid.CreateVersion7():N}", "guest:", $"viewer:{viewer.UserId}" })
            await (await _creator.Api.PutJson($"{_bans}/{nobody}", """{"scope":"chat"}""")).IsError(404, "user_not_found");
        Assert.InRange((int)(await _creator.Api.PutJson($"{_bans}/a%00b", """{"scope":"chat"}""")).StatusCode, 400, 404);
        await (await _creator.Api.PutJson($"{_bans}/{new string('a', 72)}", """{"scope":"chat"}""")).IsError(400, "validation_failed");

        foreach (var channel in new[] { _bans, $"/api/chat/{Guid.CreateVersion7()}/bans" })
        {
            await (await other.Api.PutJson($"{channel}/{viewer.UserId}", """{"scope":"chat"}""")).IsError(404, "channel_not_found");
            await (await other.Api.DeleteAsync(new Uri($"{channel}/{viewer.UserId}", UriKind.Relative))).IsError(404, "channel_not_found");
            await (await other.Api.GetAt(channel)).IsError(404, "channel_not_found");
        }

        Assert.Empty(await Items(""));
    }

    private async Task<JsonElement> Put(string person, string body) => await TestCreator.Read(await _creator.Api.PutJson($"{_bans}/{person}", body), HttpStatusCode.OK);

    private async Task<JsonElement> Lift(string person) => await TestCreator.Read(await _creator.Api.DeleteAsync(new Uri($"{_bans}/{person}", UriKind.Relative)), HttpStatusCode.OK);

    private async Task<JsonElement> Page(string query) => await TestCreator.Read(await _creator.Api.GetAt(_bans + query), HttpStatusCode.OK);

    private async Task<IReadOnlyList<JsonElement>> Items(string query) => [.. (await Page(query)).GetProperty("items").EnumerateArray()];
}
