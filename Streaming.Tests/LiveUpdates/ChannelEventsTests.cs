using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Npgsql;
using Streaming.Tests.Api;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.LiveUpdates;

/// <summary>What those are told who follow a channel, who may follow it, and what becomes of those who may no longer.</summary>
public sealed class ChannelEventsTests : IAsyncLifetime
{
    private TestSystem _system = null!;

    public async Task InitializeAsync() => _system = await TestSystem.Shared;

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task A_guest_is_told_how_a_channel_stands_and_then_all_that_happens_on_it()
    {
        var creator = await _system.NewChannel();
        var room = await creator.Room();
        await using var events = await Follow(_system.Anonymous, room);
        Assert.Equal("text/event-stream", events.Answer.Content.Headers.ContentType!.MediaType);
        Assert.True(events.Answer.Headers.CacheControl!.NoStore);
        Assert.Equal(["no"], events.Answer.Headers.GetValues("X-Accel-Buffering"));

        var ids = new List<long>();
        async Task<JsonElement> Next(string type)
        {
            var next = await events.Next(type);
            ids.Add(next.Id!.Value);
            return next.Data;
        }

        var snapshot = await Next("snapshot");
        Assert.Equal((room, creator.UserId), (snapshot.GetProperty("channelId").GetString(), snapshot.GetProperty("userId").GetString()));
        Assert.Equal(("offline", false, 0L), (State(snapshot.GetProperty("state")), snapshot.GetProperty("state").GetProperty("isLive").GetBoolean(), snapshot.GetProperty("viewers").GetProperty("count").GetInt64()));
        Assert.InRange(events.Retry!.Value, 1000, 5000);

        await _system.LiveKit.GoLive(creator.StreamKey);
        var live = await Next("stream.state");
        Assert.Equal(("live", true), (State(live), live.GetProperty("isLive").GetBoolean()));
        var online = await Next("stream.online");
        var status = await creator.Status();
        foreach (var member in new[] { "sessionId", "startedAt" })
        {
            Assert.Equal(status.GetProperty(member).GetString(), live.GetProperty(member).GetString());
            Assert.Equal(status.GetProperty(member).GetString(), online.GetProperty(member).GetString());
        }

        await creator.Api.PutJson("/api/stream/info", """{"title":"\"Quotes\": é💡\\n"}""");
        Assert.Equal("\"Quotes\": é💡\\n", (await Next("stream.updated")).GetProperty("title").GetString());
        await creator.Api.PutJson("/api/stream/chat-settings", """{"isChatFollowersOnly":true}""");
        var chat = await Next("stream.updated");
        Assert.Equal((true, "public"), (chat.GetProperty("isChatFollowersOnly").GetBoolean(), chat.GetProperty("visibility").GetString()));
        await creator.Api.PutJson("/api/stream/chat-settings", """{"isChatFollowersOnly":true}"""); // and nothing is told: nothing was changed

        await _system.LiveKit.Stop(creator.StreamKey);
        var dropped = await Next("stream.state");
        status = await creator.Status();
        Assert.Equal(("reconnecting", false, "stopped"), (State(dropped), dropped.GetProperty("isLive").GetBoolean(), dropped.GetProperty("reason").GetString()));
        Assert.Equal(status.GetProperty("reconnectingUntil").GetString(), dropped.GetProperty("reconnectingUntil").GetString());
        Assert.Equal(status.GetProperty("startedAt").GetString(), dropped.GetProperty("startedAt").GetString());

        await _system.LiveKit.GoLive(creator.StreamKey);
        Assert.Equal("live", State(await Next("stream.state"))); // the same session: nobody is told a second time that it is on
        using (var end = await creator.Api.PostAsJsonAsync("/api/stream/end", new { blockReconnectSeconds = 1 })) await TestCreator.Read(end, HttpStatusCode.OK);
        var offline = await Next("stream.offline");
        Assert.Equal((online.GetProperty("sessionId").GetString(), "ended_by_creator"), (offline.GetProperty("sessionId").GetString(), offline.GetProperty("reason").GetString()));
        var ended = await Next("stream.state");
        Assert.Equal(("ended", "ended_by_creator", false), (State(ended), ended.GetProperty("reason").GetString(), ended.TryGetProperty("startedAt", out _)));
        Assert.Equal(offline.GetProperty("endedAt").GetString(), ended.GetProperty("mediaEndedAt").GetString());

        Assert.Equal(ids.Distinct().Order(), ids);
        await using var late = await Follow(_system.Anonymous, room);
        var same = (await late.Next("snapshot")).Data.GetProperty("state"); // whoever comes now is told the same
        Assert.Equal(Members(ended), Members(same));
    }

    [Fact]
    public async Task Viewers_are_counted_to_those_who_follow_every_two_seconds_at_most()
    {
        var (_, room) = await _system.NewLiveChannel();
        await using var events = await Follow(_system.Anonymous, room);
        for (var n = 1; n <= 12; n++)
        {
            await _system.LiveKit.ViewerJoins(room, $"guest:{n}");
            await Task.Delay(100);
        }

        await events.Until("viewers", v => v.GetProperty("count").GetInt64() == 12);
        var told = events.Waiting();
        await using var again = await Follow(_system.Anonymous, room, events.LastId);
        var viewers = await again.Until("viewers");
        Assert.Equal((null, 12), (viewers.Id, viewers.Data.GetProperty("count").GetInt64())); // it is not in the log: whoever comes back is told it anew
        Assert.Empty(told);
    }

    [Fact]
    public async Task A_reconnect_window_that_passes_ends_the_session_for_those_who_follow_and_in_its_timeline_once()
    {
        var creator = await _system.NewChannel();
        await creator.Api.PutJson("/api/stream/info", """{"reconnectWindowSeconds":1}""");
        await _system.LiveKit.GoLive(creator.StreamKey);
        await Eventually.True(creator.IsLive);
        await using var events = await Follow(_system.Anonymous, await creator.Room());
        await events.Next("snapshot");

        await _system.LiveKit.EncoderKilled(creator.StreamKey);

        var dropped = (await events.Next("stream.state")).Data;
        Assert.Equal("reconnecting", State(dropped));
        var offline = (await events.Next("stream.offline")).Data;
        var ended = (await events.Next("stream.state")).Data;
        Assert.Equal(("ended", dropped.GetProperty("reason").GetString()), (State(ended), ended.GetProperty("reason").GetString()));
        Assert.Equal(dropped.GetProperty("mediaEndedAt").GetString(), offline.GetProperty("endedAt").GetString());
        var session = Guid.Parse(offline.GetProperty("sessionId").GetString()!);
        Assert.Equal("ended", await creator.State());
        Assert.Equal(["1 | True | True"], await _system.Database.Rows(
            """
            select count(*), bool_and(t.at = s.media_ended_at), bool_and(t.reason = s.end_reason and t.cause = 'Rule') from timeline t
            join sessions s on s.id = t.session_id where t.session_id = @s and t.transition = 'Ended'
            """, new NpgsqlParameter("s", session)));
        using var answer = await creator.Api.GetAt($"/api/sessions/{session}/timeline");
        Assert.Equal(["started", "dropped", "ended"], (await TestCreator.Read(answer, HttpStatusCode.OK)).GetProperty("items").EnumerateArray().Select(i => i.GetProperty("transition").GetString()!));
    }

    [Fact]
    public async Task Whoever_was_cut_off_goes_on_exactly_where_he_was_and_is_told_what_he_missed_once()
    {
        var creator = await _system.NewChannel();
        var room = await creator.Room();
        string? seen;
        await using (var events = await Follow(_system.Anonymous, room))
        {
            await events.Next("snapshot");
            await Retitle(creator, "one");
            await events.Next("stream.updated");
            seen = events.LastId;
        }

        await Retitle(creator, "two");
        await Retitle(creator, "three");
        await using var back = await Follow(_system.Anonymous, room, seen);
        Assert.Equal("two", (await back.Next("stream.updated")).Data.GetProperty("title").GetString());
        Assert.Equal("three", (await back.Next("stream.updated")).Data.GetProperty("title").GetString());
        await Retitle(creator, "four");
        Assert.Equal("four", (await back.Next("stream.updated")).Data.GetProperty("title").GetString());

        await using var again = await Follow(_system.Anonymous, room, back.LastId);
        await Retitle(creator, "five");
        Assert.Equal("five", (await again.Next("stream.updated")).Data.GetProperty("title").GetString());
    }

    [Theory]
    [InlineData("9223372036854775807")]
    [InlineData("99999999999999999999999")]
    [InlineData("-1")]
    [InlineData("+3")]
    [InlineData("abc")]
    [InlineData("1e3")]
    [InlineData("")]
    public async Task An_id_that_nobody_was_told_begins_anew(string id)
    {
        var creator = await _system.NewChannel();
        await using var events = await Follow(_system.Anonymous, await creator.Room(), id);
        await events.Next("reset");
        var snapshot = await events.Next("snapshot");
        await Retitle(creator, "after");
        Assert.True((await events.Next("stream.updated")).Id > snapshot.Id);
    }

    [Fact]
    public async Task Whoever_may_not_see_the_page_may_not_follow_the_channel()
    {
        var (creator, viewer, blocked) = (await _system.NewChannel(), await _system.NewViewer(), await _system.NewViewer());
        var room = await creator.Room();
        using (var block = await creator.Api.PutAsync(new Uri($"/api/blocks/{blocked.UserId}", UriKind.Relative), null)) await TestCreator.Read(block, HttpStatusCode.OK);

        async Task<string> Answers(string visibility)
        {
            await creator.Api.PutJson("/api/stream/info", $$"""{"visibility":"{{visibility}}"}""");
            var answers = new List<string>();
            foreach (var api in new[] { _system.Anonymous, viewer.Api, blocked.Api, creator.Api })
            {
                using var answer = await EventReader.Ask(api, $"/api/stream/{room}/events");
                answers.Add(answer.StatusCode == HttpStatusCode.OK ? "in" : await TestCreator.Code(answer, HttpStatusCode.NotFound));
            }

            return string.Join(' ', answers).Replace("channel_not_found", "out", StringComparison.Ordinal);
        }

        Assert.Equal("in in out in", await Answers("public"));
        Assert.Equal("in in out in", await Answers("unlisted"));
        Assert.Equal("in in out in", await Answers("followers")); // as with the page
        Assert.Equal("out out out in", await Answers("private"));
        Assert.Equal("out out out in", await Answers("test"));
        using var nobodys = await EventReader.Ask(viewer.Api, $"/api/stream/{Guid.CreateVersion7()}/events");
        await nobodys.IsError(404, "channel_not_found");
        using var me = await EventReader.Ask(_system.Anonymous, "/api/me/events");
        await me.IsError(401, "unauthorized");
        using var forged = new HttpRequestMessage(HttpMethod.Get, new Uri($"/api/stream/{room}/events", UriKind.Relative)) { Headers = { { "Authorization", "Bearer x.y.z" } } };
        using var refused = await _system.Anonymous.SendAsync(forged);
        await refused.IsError(401, "unauthorized");
    }

    [Theory]
    [InlineData("block")]
    [InlineData("private")]
    [InlineData("test")]
    [InlineData("suspend")]
    [InlineData("ban", HttpStatusCode.Forbidden, "banned")]
    public async Task Whoever_may_no_longer_see_the_channel_is_told_no_more_within_two_seconds(string how, HttpStatusCode status = HttpStatusCode.NotFound, string code = "channel_not_found")
    {
        var (creator, viewer) = (await _system.NewChannel(), await _system.NewViewer());
        var room = await creator.Room();
        await using var events = await Follow(viewer.Api, room);
        await using var owner = await Follow(creator.Api, room);
        await events.Next("snapshot");
        await owner.Next("snapshot");

        switch (how)
        {
            case "block":
                using (var block = await creator.Api.PutAsync(new Uri($"/api/blocks/{viewer.UserId}", UriKind.Relative), null)) await TestCreator.Read(block, HttpStatusCode.OK);
                break;
            case "ban":
                await TestCreator.Read(await creator.Api.PutJson($"/api/chat/{room}/bans/{viewer.UserId}", """{"scope":"stream"}"""), HttpStatusCode.OK);
                break;
            case "suspend":
                using (var admin = await _system.NewAdministrator()) await admin.PostAsJsonAsync($"/api/admin/streams/{creator.UserId}/suspend", new { reason = "x" });
                break;
            default:
                await creator.Api.PutJson("/api/stream/info", $$"""{"visibility":"{{how}}"}""");
                break;
        }

        await events.Ended.WaitAsync(TimeSpan.FromSeconds(2));
        Assert.Equal(code, (await events.Until("end")).Data.GetProperty("code").GetString());
        Assert.False(owner.Ended.IsCompleted);
        using var again = await EventReader.Ask(viewer.Api, $"/api/stream/{room}/events", events.LastId);
        await again.IsError((int)status, code);
    }

    [Fact]
    public async Task Of_a_test_nobody_but_its_owner_hears_not_even_afterwards()
    {
        var creator = await _system.NewChannel();
        var room = await creator.Room();
        await using var viewer = await Follow(_system.Anonymous, room);
        var before = $"{(await viewer.Next("snapshot")).Id}";
        await creator.Api.PutJson("/api/stream/info", """{"visibility":"test","title":"Nobody is to know"}""");
        await viewer.Ended.WaitAsync(TimeSpan.FromSeconds(2));
        await using var owner = await Follow(creator.Api, room);
        Assert.Equal("offline", State((await owner.Next("snapshot")).Data.GetProperty("state")));

        await _system.LiveKit.GoLive(creator.StreamKey);
        var test = (await owner.Next("stream.state")).Data;
        Assert.Equal(("test", true), (State(test), test.GetProperty("isLive").GetBoolean()));
        await creator.Api.PutJson("/api/stream/info", """{"title":"Here we are"}""");
        await owner.Next("stream.updated");

        await creator.Api.PutJson("/api/stream/info", """{"visibility":"public"}"""); // and only now it is on, for everybody
        await using var back = await Follow(_system.Anonymous, room, before);
        var told = new List<ServerSentEvent>(viewer.Waiting());
        do told.Add(await back.Next());
        while (told[^1].Type != "stream.online");
        foreach (var secret in new[] { "Nobody is to know", "\"test\"" }) Assert.DoesNotContain(told, t => t.Data.GetRawText().Contains(secret, StringComparison.Ordinal));
        await owner.Until("stream.state", s => State(s) == "live");
    }

    [Fact]
    public async Task Who_is_let_in_hears_nothing_of_what_was_told_before()
    {
        var creator = await _system.NewChannel();
        var (room, early, late) = (await creator.Room(), await _system.NewViewer(), await _system.NewViewer());
        await using var owner = await Follow(creator.Api, room);
        var before = $"{(await owner.Next("snapshot")).Id}";
        await creator.Api.PutJson("/api/stream/info", """{"visibility":"private"}""");
        (await creator.Api.PutAsync(new Uri($"/api/stream/allow-list/{early.UserId}", UriKind.Relative), null)).EnsureSuccessStatusCode();
        await Retitle(creator, "Among ourselves");
        (await creator.Api.PutAsync(new Uri($"/api/stream/allow-list/{late.UserId}", UriKind.Relative), null)).EnsureSuccessStatusCode();
        await Retitle(creator, "Said to both");
        await owner.Until("stream.updated", s => s.GetProperty("title").GetString() == "Said to both");

        foreach (var (api, from) in new[] { (late.Api, before), (early.Api, before) })
        {
            await using var stranger = await Follow(api, room, from);
            await stranger.Next("reset");
            Assert.Equal("Said to both", (await stranger.Next("snapshot")).Data.GetProperty("stream").GetProperty("title").GetString());
        }

        await using var present = await Follow(early.Api, room);
        var since = $"{(await present.Next("snapshot")).Id}";
        await Retitle(creator, "Before it opens");
        await owner.Until("stream.updated", s => s.GetProperty("title").GetString() == "Before it opens");
        await using var back = await Follow(early.Api, room, since); // who was there all the time goes on exactly
        Assert.Equal("Before it opens", (await back.Next("stream.updated")).Data.GetProperty("title").GetString());

        await creator.Api.PutJson("/api/stream/info", """{"visibility":"public","title":"Everybody"}""");
        await owner.Until("stream.updated", s => s.GetProperty("title").GetString() == "Everybody");
        await using var guest = await Follow(_system.Anonymous, room, since);
        await guest.Next("reset");
        Assert.Equal("Everybody", (await guest.Next("snapshot")).Data.GetProperty("stream").GetProperty("title").GetString());
    }

    private static Task<EventReader> Follow(HttpClient api, string room, string? lastEventId = null) => EventReader.Open(api, $"/api/stream/{room}/events", lastEventId);

    private static IEnumerable<string> Members(JsonElement body) => body.EnumerateObject().Select(m => $"{m.Name}: {m.Value}").Order(StringComparer.Ordinal);

    private static string? State(JsonElement state) => state.GetProperty("state").GetString();

    private static async Task Retitle(TestCreator creator, string title)
    {
        using var put = await creator.Api.PutJson("/api/stream/info", $$"""{"title":"{{title}}"}""");
        await TestCreator.Read(put, HttpStatusCode.OK);
    }
}
