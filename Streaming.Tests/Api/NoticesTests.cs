using System.Net;
using System.Text.Json;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Api;

/// <summary>Being told who went live: asked for, muted, read.</summary>
public sealed class NoticesTests : IAsyncLifetime
{
    private TestSystem _system = null!;

    public async Task InitializeAsync() => _system = await TestSystem.Shared;

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task A_follower_reads_who_went_live_until_one_blocks_the_other_and_the_muted_are_silent()
    {
        var (creator, room) = await _system.NewLiveChannel();
        var (viewer, muter) = (await _system.NewViewer(), await _system.NewViewer());
        await Follow(viewer, creator, "");
        Assert.False((await Follow(muter, creator, """{"notify":false}""")).GetProperty("notify").GetBoolean());
        await _system.Database.Rows($"update ingest_segments set started_at = started_at - interval '10 seconds' where channel_id = '{room}' returning 1");
        await _system.Database.Rows($"update sessions set started_at = started_at - interval '10 seconds' where channel_id = '{room}' returning 1");

        var notice = Assert.Single(await Eventually.Read(() => Notices(viewer), n => n.Count > 0)); // the worker tells
        Assert.Equal(
            (creator.UserId, (await creator.Status()).GetProperty("sessionId").GetString(), "Untitled stream", true),
            (notice.GetProperty("userId").GetString(), notice.GetProperty("sessionId").GetString(), notice.GetProperty("title").GetString(), notice.GetProperty("isLive").GetBoolean()));
        Assert.Empty(await Notices(muter));
        await _system.LiveKit.Stop(creator.StreamKey);
        await Eventually.Equal(false, async () => (await Notices(viewer))[0].GetProperty("isLive").GetBoolean());
        await viewer.Api.PutJson($"/api/blocks/{creator.UserId}", "");
        Assert.Empty(await Notices(viewer));
    }

    [Fact]
    public async Task Muting_changes_nothing_else_of_a_follow_and_stays_until_it_is_taken_back()
    {
        var (viewer, creator) = (await _system.NewViewer(), await _system.NewCreator());
        var first = await Follow(viewer, creator, "");
        Assert.True(first.GetProperty("notify").GetBoolean());
        foreach (var (body, notify) in new[] { ("""{"notify":false}""", false), ("""{"notify":false}""", false), ("", false), ("{}", false), ("""{"notify":true}""", true), ("", true) })
        {
            var follow = await Follow(viewer, creator, body);
            Assert.Equal((notify, first.GetProperty("followedAt").GetString()), (follow.GetProperty("notify").GetBoolean(), follow.GetProperty("followedAt").GetString()));
            var listed = (await TestCreator.Read(await viewer.Api.GetAt("/api/follows"), HttpStatusCode.OK)).GetProperty("items")[0];
            Assert.Equal(notify, listed.GetProperty("notify").GetBoolean());
        }

        await (await viewer.Api.PutJson($"/api/follows/{creator.UserId}", """{"notify":"no"}""")).IsError(400, "invalid_json");
        await (await viewer.Api.PutJson($"/api/follows/{creator.UserId}", """{"mute":true}""")).IsError(400, "invalid_json");
    }

    [Fact]
    public async Task Notices_are_read_page_by_page_and_only_ones_own()
    {
        var (viewer, other, creator) = (await _system.NewViewer(), await _system.NewViewer(), await _system.NewChannel());
        var room = await creator.Room();
        foreach (var who in new[] { viewer, other })
            await _system.Database.Rows($"""
                with s as (
                    insert into sessions (id, channel_id, started_at, media_ended_at, reconnect_until, reconnect_window_seconds)
                    select gen_random_uuid(), '{room}', now() - interval '1 day', now(), now(), 0 from generate_series(1, 5) returning id)
                insert into notices (user_id, session_id, channel_id, at) select '{who.UserId}', id, '{room}', now() from s returning 1
                """);

        var seen = new List<string>();
        string? cursor = null;
        do
        {
            var page = await TestCreator.Read(await viewer.Api.GetAt($"/api/me/notices?limit=2{(cursor is null ? "" : $"&cursor={cursor}")}"), HttpStatusCode.OK);
            seen.AddRange(page.GetProperty("items").EnumerateArray().Select(i => i.GetProperty("sessionId").GetString()!));
            cursor = page.TryGetProperty("nextCursor", out var next) ? next.GetString() : null;
            if (seen.Count == 2)
            {
                await (await other.Api.GetAt($"/api/me/notices?cursor={cursor}")).IsError(400, "invalid_cursor");
                await (await viewer.Api.GetAt($"/api/follows?cursor={cursor}")).IsError(400, "invalid_cursor");
            }
        }
        while (cursor is not null);

        Assert.Equal(await _system.Database.Rows($"select session_id from notices where user_id = '{viewer.UserId}' order by session_id desc"), seen);
        foreach (var limit in new[] { "0", "-1", "1000000000" }) await (await viewer.Api.GetAt($"/api/me/notices?limit={limit}")).IsError(400, "validation_failed");
    }

    private static async Task<JsonElement> Follow(TestCreator who, TestCreator whom, string body) =>
        await TestCreator.Read(await who.Api.PutJson($"/api/follows/{whom.UserId}", body), HttpStatusCode.OK);

    private static async Task<IReadOnlyList<JsonElement>> Notices(TestCreator who) =>
        [.. (await TestCreator.Read(await who.Api.GetAt("/api/me/notices"), HttpStatusCode.OK)).GetProperty("items").EnumerateArray()];
}
