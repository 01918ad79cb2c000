using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Npgsql;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.LiveUpdates;

/// <summary>What a creator is told of his own broadcast, with the same reason as the status and the session's timeline have it.</summary>
public sealed class OwnEventsTests : IAsyncLifetime
{
    private TestSystem _system = null!;

    public async Task InitializeAsync() => _system = await TestSystem.Shared;

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task A_broadcast_from_its_beginning_over_a_drop_to_its_clean_end_with_a_block()
    {
        var creator = await _system.NewChannel();
        await using var events = await Follow(creator);
        var own = (await events.Next("snapshot")).Data;
        Assert.Equal((creator.UserId, await creator.Room(), "approved"), (Text(own, "userId"), Text(own.GetProperty("channel"), "channelId"), Text(own, "application")));

        await _system.LiveKit.GoLive(creator.StreamKey);
        var session = Text((await events.Next("session.started")).Data, "sessionId");
        await _system.LiveKit.Stop(creator.StreamKey);
        var dropped = (await events.Next("session.dropped")).Data;
        Assert.Equal((session, "stopped"), (Text(dropped, "sessionId"), Text(dropped, "reason")));
        Assert.Equal("reconnecting", await creator.State());
        await _system.LiveKit.GoLive(creator.StreamKey);
        await events.Next("session.resumed");

        using (var end = await creator.Api.PostAsJsonAsync("/api/stream/end", new { blockReconnectSeconds = 2 })) await TestCreator.Read(end, HttpStatusCode.OK);
        var ended = (await events.Next("session.ended")).Data;
        Assert.Equal((session, "ended_by_creator"), (Text(ended, "sessionId"), Text(ended, "reason")));
        Assert.Equal("ended", await creator.State());
        Assert.Equal(["Started -", "Dropped stopped", "Resumed -", "Ended ended_by_creator"], await Timeline(session!));
    }

    [Fact]
    public async Task Takeovers_of_a_key_the_contest_over_it_and_what_that_does_to_its_health()
    {
        var creator = await Live();
        await using var events = await Follow(creator);
        await events.Next("snapshot");

        for (var n = 0; n < 4; n++)
        {
            await _system.LiveKit.TakeOver(creator.StreamKey);
            var takeover = (await events.Until("ingest.takeover")).Data;
            Assert.Equal("taken_over", Text(takeover, "reason"));
            Assert.NotEqual(Text(takeover, "resourceId"), Text(takeover, "replacedBy"));
        }

        Assert.Equal("key_contested", Text((await events.Until("ingest.key_contested")).Data, "reason"));
        var issue = (await events.Until("ingest.issue_opened")).Data;
        Assert.Equal("contested", Text(issue, "reason"));
        Assert.True(await creator.IsLive());
        var timeline = await Timeline(Text(issue, "sessionId")!);
        Assert.Equal((4, 1, 1), (timeline.Count(t => t == "Takeover taken_over"), timeline.Count(t => t == "Contested key_contested"), timeline.Count(t => t == "IssueOpened contested")));
        await using var again = await Follow(creator);
        Assert.Equal("contested", (await again.Next("snapshot")).Data.GetProperty("channel").GetProperty("issues")[0].GetString());

        using (var end = await creator.Api.PostAsJsonAsync("/api/stream/end", new { blockReconnectSeconds = 0 })) await TestCreator.Read(end, HttpStatusCode.OK);
        await events.Until("ingest.issue_closed", closed => Text(closed, "reason") == "contested");
    }

    [Fact]
    public async Task The_end_of_a_broadcast_that_lasts_too_long_is_told_ten_minutes_and_a_minute_before_and_when_it_has_come()
    {
        var creator = await Live();
        await using var events = await Follow(creator);
        var session = Text((await events.Next("snapshot")).Data.GetProperty("channel").GetProperty("state"), "sessionId")!;

        foreach (var (minutes, left) in new[] { (715, 10), (719.5, 1) })
        {
            await Age(creator, TimeSpan.FromMinutes(minutes));
            var warning = (await events.Until("session.duration_warning")).Data;
            Assert.Equal((session, "duration_exceeded", left), (Text(warning, "sessionId"), Text(warning, "reason"), warning.GetProperty("minutesLeft").GetInt32()));
        }

        await Age(creator, TimeSpan.FromMinutes(721));
        Assert.Equal("duration_exceeded", Text((await events.Until("session.ended")).Data, "reason"));
        Assert.Equal("ended", await creator.State());
        Assert.Equal(["DurationWarning duration_exceeded", "DurationWarning duration_exceeded", "Ended duration_exceeded"], (await Timeline(session)).Where(e => !e.StartsWith("NewEncoder", StringComparison.Ordinal)).TakeLast(3)); // the encoder is looked at meanwhile
    }

    [Fact]
    public async Task A_contested_key_that_ends_the_broadcast_says_so()
    {
        var creator = await _system.NewChannel();
        await creator.Api.PutJson("/api/stream/info", """{"onContest":"disable"}""");
        await using var events = await Follow(creator);
        await _system.LiveKit.GoLive(creator.StreamKey);
        await events.Until("session.started");
        for (var n = 0; n < 4; n++) await _system.LiveKit.TakeOver(creator.StreamKey);
        Assert.Equal("key_contested", Text((await events.Until("session.ended")).Data, "reason"));
        Assert.Equal("ended", await creator.State());
    }

    [Fact]
    public async Task A_suspension_and_a_decision_are_told_to_whom_they_concern_and_to_nobody_else()
    {
        var (creator, applicant) = (await Live(), await _system.NewViewer());
        await using var events = await Follow(creator);
        await using var others = await Follow(applicant);
        Assert.Equal(JsonValueKind.Null, (await others.Next("snapshot")).Data.GetProperty("channel").ValueKind);
        await events.Next("snapshot");
        using var admin = await _system.NewAdministrator();

        await admin.PostAsJsonAsync($"/api/admin/streams/{creator.UserId}/suspend", new { reason = "Rebroadcasts a film." });
        Assert.Equal("Rebroadcasts a film.", Text((await events.Until("channel.suspended")).Data, "reason"));
        Assert.Equal("suspended", Text((await events.Until("session.ended")).Data, "reason"));
        await using (var suspended = await Follow(creator))
            Assert.True((await suspended.Next("snapshot")).Data.GetProperty("channel").GetProperty("isSuspended").GetBoolean());
        await admin.PostAsJsonAsync($"/api/admin/streams/{creator.UserId}/unsuspend", new { });
        await events.Until("channel.unsuspended");

        using var applied = await applicant.Api.PostJson("/api/creator/application", """{"about":"I build small boats."}""");
        await TestCreator.Read(applied, HttpStatusCode.Created);
        var id = (await _system.Database.Rows("select id from creator_applications where user_id = @u", new NpgsqlParameter("u", applicant.UserId)))[0];
        using var rejected = await admin.PostAsJsonAsync($"/api/admin/applications/{id}/reject", new { reason = "No link to earlier work." });
        await TestCreator.Read(rejected, HttpStatusCode.OK);
        var decided = (await others.Next("application.decided")).Data;
        Assert.Equal((id, "rejected", "No link to earlier work."), (Text(decided, "id"), Text(decided, "status"), Text(decided, "reason")));
        Assert.DoesNotContain(events.Waiting(), e => e.Type == "application.decided");
    }

    private async Task<TestCreator> Live()
    {
        var creator = await _system.NewChannel();
        await _system.LiveKit.GoLive(creator.StreamKey);
        await Eventually.True(creator.IsLive);
        return creator;
    }

    private static Task<EventReader> Follow(TestCreator who) => EventReader.Open(who.Api, "/api/me/events");

    private static string? Text(JsonElement body, string member) => body.GetProperty(member).GetString();

    private Task<IReadOnlyList<string>> TimelineOf(string session) => _system.Database.Rows(
        "select transition || ' ' || coalesce(reason, '-') from timeline where session_id = @s order by id", new NpgsqlParameter("s", Guid.Parse(session)));

    private async Task<List<string>> Timeline(string session) => [.. await TimelineOf(session)];

    /// <summary>Lets a broadcast have begun so long ago, as the event that told would have it.</summary>
    private async Task Age(TestCreator creator, TimeSpan age)
    {
        await using var command = _system.Database.Source.CreateCommand(
            """
            with aged as (update ingest_segments s set started_at = now() - @age from channels c where c.id = s.channel_id and c.user_id = @user returning s.session_id)
            update sessions set started_at = now() - @age where id in (select session_id from aged)
            """);
        command.Parameters.AddWithValue("age", age);
        command.Parameters.AddWithValue("user", creator.UserId);
        Assert.Equal(1, await command.ExecuteNonQueryAsync());
    }
}
