using System.Net;
using System.Text.Json;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Api;

/// <summary>Following and blocking: exact under any number at once, and each seen by what comes after.</summary>
public sealed class FollowsAndBlocksTests : IAsyncLifetime
{
    private TestSystem _system = null!;

    public async Task InitializeAsync() => _system = await TestSystem.Shared;

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task Followers_are_counted_exactly_whatever_happens_at_once()
    {
        var creator = await NamedChannel();
        var viewers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => _system.NewViewer()));

        await Task.WhenAll(viewers.SelectMany(v => new[] { Follow(v, creator), Follow(v, creator) })); // each twice
        Assert.Equal(50, await Followers(creator));

        await Task.WhenAll(viewers.Take(20).SelectMany(v => new[] { Unfollow(v, creator), Unfollow(v, creator) }));
        Assert.Equal(30, await Followers(creator));

        await Task.WhenAll(viewers.Skip(20).Select((v, i) => i % 3 == 0 ? Unfollow(v, creator) : i % 3 == 1 ? Block(creator, v) : Block(v, creator)));
        Assert.Equal(0, await Followers(creator));
        Assert.Equal(["0"], await _system.Database.Rows("select count(*) from follows where followee_id = @id", new Npgsql.NpgsqlParameter("id", creator.UserId)));

        await using var erase = _system.Database.Source.CreateCommand("delete from users where id = @id");
        erase.Parameters.AddWithValue("id", viewers[0].UserId);
        await Follow(viewers[0], creator);
        Assert.Equal(1, await Followers(creator));
        await erase.ExecuteNonQueryAsync();
        Assert.Equal(0, await Followers(creator));
    }

    [Fact]
    public async Task Since_when_is_kept_until_he_stops_and_begins_again()
    {
        var (creator, viewer) = (await _system.NewCreator(), await _system.NewViewer());
        var first = await Follow(viewer, creator);
        Assert.Equal(first.GetRawText(), (await Follow(viewer, creator)).GetRawText());
        Assert.Equal((true, true), (first.GetProperty("following").GetBoolean(), first.TryGetProperty("followedAt", out _)));

        Assert.False((await Unfollow(viewer, creator)).GetProperty("following").GetBoolean());
        Assert.False((await Unfollow(viewer, creator)).GetProperty("following").GetBoolean());
        Assert.True((await Follow(viewer, creator)).GetProperty("followedAt").GetDateTimeOffset() > first.GetProperty("followedAt").GetDateTimeOffset());
    }

    [Fact]
    public async Task A_block_ends_both_follows_and_neither_can_follow_until_it_is_lifted()
    {
        var (ann, ben) = (await _system.NewViewer(), await _system.NewViewer());
        await Task.WhenAll(Follow(ann, ben), Follow(ben, ann));

        var blocked = await Block(ann, ben);
        Assert.Equal(blocked.GetRawText(), (await Block(ann, ben)).GetRawText());
        foreach (var (who, whom) in new[] { (ann, ben), (ben, ann) })
        {
            Assert.Empty(await Items(who, "/api/follows"));
            await (await who.Api.PutJson($"/api/follows/{whom.UserId}", "")).IsError(404, "user_not_found");
        }

        Assert.Equal(ben.UserId, Assert.Single(await Items(ann, "/api/blocks")).GetProperty("userId").GetString());
        Assert.Empty(await Items(ben, "/api/blocks"));
        await TestCreator.Read(await ann.Api.DeleteAsync(new Uri($"/api/blocks/{ben.UserId}", UriKind.Relative)), HttpStatusCode.OK);
        Assert.Empty(await Items(ann, "/api/follows"));
        await Follow(ben, ann);
    }

    [Fact]
    public async Task A_follow_and_a_block_of_the_same_two_never_both_stand()
    {
        var pairs = await Task.WhenAll(Enumerable.Range(0, 15).Select(async _ => (A: await _system.NewViewer(), B: await _system.NewViewer())));

        await Task.WhenAll(pairs.SelectMany(p => new Task[] { p.A.Api.PutJson($"/api/follows/{p.B.UserId}", ""), Block(p.B, p.A), p.B.Api.PutJson($"/api/follows/{p.A.UserId}", "") }));

        foreach (var (a, b) in pairs) Assert.Equal((0, 0), ((await Items(a, "/api/follows")).Count, (await Items(b, "/api/follows")).Count));
    }

    [Fact]
    public async Task Nobody_follows_or_blocks_himself_or_nobody()
    {
        var viewer = await _system.NewViewer();
        foreach (var what in new[] { "follows", "blocks" })
        {
            await (await viewer.Api.PutJson($"/api/{what}/{viewer.UserId}", "")).IsError(422, "oneself");
            await (await viewer.Api.PutJson($"/api/{what}/nobody-at-all", "")).IsError(404, "user_not_found");
            foreach (var odd in new[] { "a%00b", "a%0Ab", "%20", "%E2%80%AEann", "%ED%A0%80", new string('z', 2000), $"viewer:{viewer.UserId}", $"{viewer.UserId}%20" })
                foreach (var method in new[] { HttpMethod.Put, HttpMethod.Delete }) Assert.InRange((int)(await viewer.Api.SendBytes(method, $"/api/{what}/{odd}", null)).StatusCode, method == HttpMethod.Put ? 400 : 200, 404);
            Assert.Empty(await Items(viewer, $"/api/{what}"));
        }
    }

    [Fact]
    public async Task A_list_is_read_page_by_page_with_neither_gap_nor_repeat_and_only_with_its_own_cursor()
    {
        var (viewer, other) = (await _system.NewViewer(), await _system.NewViewer());
        var creators = await Task.WhenAll(Enumerable.Range(0, 7).Select(_ => _system.NewViewer()));
        foreach (var creator in creators) await Follow(viewer, creator);

        var seen = new List<string>();
        string? cursor = null;
        do
        {
            var page = await TestCreator.Read(await viewer.Api.GetAt($"/api/follows?limit=3{(cursor is null ? "" : $"&cursor={cursor}")}"), HttpStatusCode.OK);
            seen.AddRange(page.GetProperty("items").EnumerateArray().Select(i => i.GetProperty("userId").GetString()!));
            cursor = page.TryGetProperty("nextCursor", out var next) ? next.GetString() : null;
            if (seen.Count == 3)
            {
                await Follow(viewer, other); // a newcomer is on no later page
                await Unfollow(viewer, creators[^1]); // nor does one who is gone move the rest
                await (await other.Api.GetAt($"/api/follows?cursor={cursor}")).IsError(400, "invalid_cursor");
                await (await viewer.Api.GetAt($"/api/blocks?cursor={cursor}")).IsError(400, "invalid_cursor");
            }
        }
        while (cursor is not null);

        Assert.Equal(Enumerable.Reverse(creators).Select(c => c.UserId), seen);
        foreach (var limit in new[] { "0", "-1", "101", "1000000000" }) await (await viewer.Api.GetAt($"/api/follows?limit={limit}")).IsError(400, "validation_failed");
        await (await viewer.Api.GetAt("/api/follows?limit=many")).IsError(400, "invalid_request");
    }

    [Fact]
    public async Task Who_of_those_one_follows_is_live_shows_unless_he_broadcasts_in_private()
    {
        var viewer = await _system.NewViewer();
        var (live, _) = await _system.NewLiveChannel();
        var idle = await _system.NewChannel();
        await Task.WhenAll(Follow(viewer, live), Follow(viewer, idle));

        Assert.Equal(live.UserId, Assert.Single(await Items(viewer, "/api/follows?live=true")).GetProperty("userId").GetString());
        Assert.Equal(2, (await Items(viewer, "/api/follows")).Count);
        await live.Api.PutJson("/api/stream/info", """{"visibility":"private"}""").Stream();
        Assert.Empty(await Items(viewer, "/api/follows?live=true"));
    }

    private async Task<TestCreator> NamedChannel()
    {
        var creator = await _system.NewChannel();
        await creator.Api.PutJson("/api/me/username", $$"""{"username":"{{NameOf(creator)}}"}""");
        return creator;
    }

    private static string NameOf(TestCreator creator) => $"c{creator.UserId[^20..]}";

    private async Task<int> Followers(TestCreator creator) =>
        (await TestCreator.Read(await _system.Anonymous.GetAt($"/api/stream/{NameOf(creator)}"), HttpStatusCode.OK)).GetProperty("followerCount").GetInt32();

    private static async Task<JsonElement> Follow(TestCreator who, TestCreator whom) => await TestCreator.Read(await who.Api.PutJson($"/api/follows/{whom.UserId}", ""), HttpStatusCode.OK);

    private static async Task<JsonElement> Unfollow(TestCreator who, TestCreator whom) =>
        await TestCreator.Read(await who.Api.DeleteAsync(new Uri($"/api/follows/{whom.UserId}", UriKind.Relative)), HttpStatusCode.OK);

    private static async Task<JsonElement> Block(TestCreator who, TestCreator whom) => await TestCreator.Read(await who.Api.PutJson($"/api/blocks/{whom.UserId}", ""), HttpStatusCode.OK);

    private static async Task<IReadOnlyList<JsonElement>> Items(TestCreator who, string list) =>
        [.. (await TestCreator.Read(await who.Api.GetAt(list), HttpStatusCode.OK)).GetProperty("items").EnumerateArray()];
}
