using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using LiveKitSimulator;
using Npgsql;
using Streaming.Core.Events;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.EndToEnd;

/// <summary>Taking a channel off the air: by its creator, by an administrator, by its own limits.</summary>
public sealed class CutoffTests : IAsyncLifetime
{
    private TestSystem _system = null!;

    public async Task InitializeAsync() => _system = await TestSystem.Shared;

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task A_creator_ends_his_broadcast_and_his_encoder_cannot_reopen_it_until_the_block_is_over()
    {
        var creator = await LiveCreator();
        var session = (await creator.Status()).GetProperty("sessionId").GetString();

        var started = Stopwatch.GetTimestamp();
        var ended = await End(creator, new { reason = "Good night.", blockReconnectSeconds = 4 });
        Assert.Equal("ended", await creator.State());
        Assert.InRange(Stopwatch.GetElapsedTime(started), TimeSpan.Zero, TimeSpan.FromSeconds(1));
        Assert.Equal((session, "ended_by_creator", true), (ended.GetProperty("sessionId").GetString(), ended.GetProperty("reason").GetString(), ended.GetProperty("enforced").GetBoolean()));

        Assert.Equal("session is disabled", (await _system.LiveKit.GoLive(creator.StreamKey)).Error); // OBS reconnects by itself
        using (var token = await creator.Api.PostAsync(new Uri("/api/stream/creator-token", UriKind.Relative), null))
            Assert.Equal("reconnect_blocked", await TestCreator.Code(token, HttpStatusCode.Conflict));
        Assert.False((await Preflight(creator)).GetProperty("ready").GetBoolean());
        await Quiet(_system);
        Assert.Equal("ended", await creator.State());
        using (var again = await creator.Api.PostAsJsonAsync("/api/stream/end", new { }))
            Assert.Equal("not_live", await TestCreator.Code(again, HttpStatusCode.Conflict));

        await Eventually.True(async () => (await _system.LiveKit.GoLive(creator.StreamKey)).Accepted, within: TimeSpan.FromSeconds(10)); // the same key
        await Eventually.True(creator.IsLive);
        Assert.NotEqual(session, (await creator.Status()).GetProperty("sessionId").GetString());
        Assert.Contains("Ended ended_by_creator Api", await Timeline(session!));
    }

    [Fact]
    public async Task A_creator_in_the_browser_is_removed_and_cannot_come_back_with_the_token_he_has()
    {
        var creator = await _system.NewChannel();
        using var answer = await creator.Api.PostAsync(new Uri("/api/stream/creator-token", UriKind.Relative), null);
        var token = (await TestCreator.Read(answer, HttpStatusCode.OK)).GetProperty("token").GetString();
        await _system.LiveKit.BrowserCreator(new Newcomer { Token = token });
        await Eventually.True(creator.IsLive);

        await End(creator, new { blockReconnectSeconds = 300 });
        Assert.Equal("ended", await creator.State());
        var back = await _system.LiveKit.BrowserCreator(new Newcomer { Token = token });
        Assert.True(back.Accepted); // LiveKit does not know better
        await Eventually.Equal(2, async () => (await _system.LiveKit.Deliveries()).Count(d => d.Key == back.Room && d.Event == "participant_left"));
        await Quiet(_system);
        Assert.Equal("ended", await creator.State());
    }

    [Fact]
    public async Task A_suspended_creator_is_off_the_air_whatever_he_tries_and_gets_the_same_key_back()
    {
        var creator = await LiveCreator();
        var admin = await _system.NewAdministrator();
        await _system.LiveKit.RefusedConnectionWhileLive(creator.StreamKey); // from now on LiveKit takes the ingress for broken
        var session = (await creator.Status()).GetProperty("sessionId").GetString();

        var started = Stopwatch.GetTimestamp();
        using (var answer = await admin.PostAsJsonAsync($"/api/admin/streams/{creator.UserId}/suspend", new { reason = "Rebroadcasts a film." }))
            Assert.True((await TestCreator.Read(answer, HttpStatusCode.OK)).GetProperty("enforced").GetBoolean());
        Assert.Equal("ended", await creator.State());
        Assert.InRange(Stopwatch.GetElapsedTime(started), TimeSpan.Zero, TimeSpan.FromSeconds(2));
        Assert.False((await _system.LiveKit.GoLive(creator.StreamKey)).Accepted);
        using (var token = await creator.Api.PostAsync(new Uri("/api/stream/creator-token", UriKind.Relative), null))
            Assert.Equal("suspended", await TestCreator.Code(token, HttpStatusCode.Conflict));
        using (var key = await creator.Api.PostAsync(new Uri("/api/stream/ingress", UriKind.Relative), null))
            Assert.Equal("suspended", await TestCreator.Code(key, HttpStatusCode.Conflict));
        Assert.Contains("Ended suspended Api", await Timeline(session!));
        Assert.Contains((await Preflight(creator)).GetProperty("checks").EnumerateArray(), c => $"{c.GetProperty("code")} {c.GetProperty("severity")}" == "notSuspended error");

        using (var answer = await admin.PostAsJsonAsync($"/api/admin/streams/{creator.UserId}/unsuspend", new { }))
            await TestCreator.Read(answer, HttpStatusCode.OK);
        Assert.True((await _system.LiveKit.GoLive(creator.StreamKey)).Accepted);
        await Eventually.True(creator.IsLive);
        Assert.Equal(["ChannelSuspended", "ChannelUnsuspended"], await _system.Database.Rows("select act from admin_audit where subject = @u order by id", new NpgsqlParameter("u", creator.UserId)));
    }

    [Fact]
    public async Task A_suspension_lifts_itself_and_only_administrators_suspend()
    {
        var creator = await LiveCreator();
        using (var himself = await creator.Api.PostAsJsonAsync($"/api/admin/streams/{creator.UserId}/suspend", new { reason = "x" }))
            Assert.Equal("forbidden", await TestCreator.Code(himself, HttpStatusCode.Forbidden));
        var admin = await _system.NewAdministrator();
        using (var nobody = await admin.PostAsJsonAsync("/api/admin/streams/nobody-at-all/suspend", new { reason = "x" }))
            Assert.Equal("user_not_found", await TestCreator.Code(nobody, HttpStatusCode.NotFound));
        using (var past = await admin.PostAsJsonAsync($"/api/admin/streams/{creator.UserId}/suspend", new { reason = "x", until = DateTimeOffset.UnixEpoch }))
            Assert.Equal("validation_failed", await TestCreator.Code(past, HttpStatusCode.BadRequest));

        using (var answer = await admin.PostAsJsonAsync($"/api/admin/streams/{creator.UserId}/suspend", new { reason = "x", until = TimeProvider.System.GetUtcNow().AddSeconds(2) }))
            await TestCreator.Read(answer, HttpStatusCode.OK);
        Assert.Equal("ended", await creator.State());
        await Eventually.True(async () => (await _system.LiveKit.GoLive(creator.StreamKey)).Accepted, within: TimeSpan.FromSeconds(10));
        await Eventually.True(creator.IsLive);
    }

    [Fact]
    public async Task A_suspension_while_LiveKit_is_away_is_recorded_said_and_enforced_when_it_is_back()
    {
        await using var system = await TestSystem.StartAsync();
        var creator = await system.NewChannel();
        await system.LiveKit.GoLive(creator.StreamKey);
        await Eventually.True(creator.IsLive);
        var admin = await system.NewAdministrator();
        await system.LiveKit.ApiFault(new ApiFault { Mode = ApiFaultMode.Refuse });

        using (var answer = await admin.PostAsJsonAsync($"/api/admin/streams/{creator.UserId}/suspend", new { reason = "x" }))
            Assert.False((await TestCreator.Read(answer, HttpStatusCode.OK)).GetProperty("enforced").GetBoolean());
        Assert.Equal("ended", await creator.State());

        await system.LiveKit.NoApiFaults();
        await Eventually.True(async () => (await system.LiveKit.Deliveries()).Any(d => d.Event == "participant_left"));
        await Eventually.True(async () => (await system.LiveKit.GoLive(creator.StreamKey)).Error == "session is disabled");
        await Quiet(system);
        Assert.Equal("ended", await creator.State());
    }

    [Fact]
    public async Task A_broadcast_that_has_lasted_long_enough_is_warned_of_twice_and_ended()
    {
        var creator = await LiveCreator();
        var session = (await creator.Status()).GetProperty("sessionId").GetString();
        Assert.Equal(720, (await creator.Info()).GetProperty("maxDurationMinutes").GetInt32());
        foreach (var (minutes, expected) in new[] { (715, "10"), (719.5, "1") })
        {
            await Age(creator, TimeSpan.FromMinutes(minutes));
            await Eventually.True(async () => (await Warnings(session!)).Contains(expected));
        }

        Assert.True(await creator.IsLive());
        await Age(creator, TimeSpan.FromMinutes(721));
        await Eventually.Equal("ended", creator.State);
        Assert.Equal(["10", "1"], await Warnings(session!));
        Assert.Contains("Ended duration_exceeded Rule", await Timeline(session!));
        await Eventually.True(async () => !(await _system.LiveKit.GoLive(creator.StreamKey)).Accepted);
    }

    /// <summary>Until LiveKit has told everything and all of it is applied.</summary>
    private static async Task Quiet(TestSystem system)
    {
        Assert.True((await system.LiveKit.Idle(TimeSpan.FromSeconds(10))).IsIdle);
        await Eventually.Equal(0, () => RedisStream.Length(system.Redis));
    }

    [Theory]
    [InlineData("{\"reconnectWindowSeconds\":0,\"maxDurationMinutes\":1,\"onContest\":\"disable\"}", HttpStatusCode.OK)]
    [InlineData("{\"reconnectWindowSeconds\":1800,\"maxDurationMinutes\":2880,\"onContest\":\"alert\"}", HttpStatusCode.OK)]
    [InlineData("{\"reconnectWindowSeconds\":1801}", HttpStatusCode.BadRequest)]
    [InlineData("{\"reconnectWindowSeconds\":-1}", HttpStatusCode.BadRequest)]
    [InlineData("{\"maxDurationMinutes\":0}", HttpStatusCode.BadRequest)]
    [InlineData("{\"onContest\":\"ignore\"}", HttpStatusCode.BadRequest)]
    public async Task A_creator_sets_the_limits_of_his_broadcasts(string change, HttpStatusCode expected)
    {
        var creator = await _system.NewChannel();
        var before = await creator.Info();
        using var body = new StringContent(change, System.Text.Encoding.UTF8, "application/json");
        using var answer = await creator.Api.PutAsync(new Uri("/api/stream/info", UriKind.Relative), body);
        await TestCreator.Read(answer, expected);
        var after = await creator.Info();
        foreach (var member in JsonDocument.Parse(change).RootElement.EnumerateObject())
            Assert.Equal($"{(expected == HttpStatusCode.OK ? member.Value : before.GetProperty(member.Name))}", $"{after.GetProperty(member.Name)}");
    }

    [Fact]
    public async Task A_test_is_live_for_its_creator_alone_and_over_after_ten_minutes()
    {
        var creator = await _system.NewChannel();
        using (var put = await creator.Api.PutAsJsonAsync("/api/stream/info", new { visibility = "test" }))
            await TestCreator.Read(put, HttpStatusCode.OK);
        await _system.LiveKit.GoLive(creator.StreamKey);
        await Eventually.Equal("test", creator.State);
        Assert.True(await creator.IsLive());
        var session = (await creator.Status()).GetProperty("sessionId").GetString();
        await Age(creator, TimeSpan.FromMinutes(10));
        await Eventually.Equal("ended", creator.State);
        Assert.Contains("Ended test_over Rule", await Timeline(session!));
    }

    [Fact]
    public async Task Four_publishers_in_turn_on_one_key_give_one_alert_and_one_session()
    {
        var creator = await LiveCreator();
        var session = (await creator.Status()).GetProperty("sessionId").GetString();
        for (var i = 0; i < 3; i++) await _system.LiveKit.TakeOver(creator.StreamKey);
        await Quiet(_system);
        Assert.DoesNotContain("Contested key_contested Webhook", await Timeline(session!));
        for (var i = 0; i < 4; i++) await _system.LiveKit.TakeOver(creator.StreamKey);
        await Quiet(_system);

        Assert.True(await creator.IsLive());
        Assert.Equal(session, (await creator.Status()).GetProperty("sessionId").GetString());
        var told = await Timeline(session!);
        Assert.Single(told, "Contested key_contested Webhook");
        Assert.Equal(7, told.Count(t => t == "Takeover taken_over Webhook"));
        Assert.Equal(["7 | 7"], await _system.Database.Rows(
            "select count(distinct subject), count(distinct replaced_by) from timeline where session_id = @s and transition = 'Takeover'", new NpgsqlParameter("s", Guid.Parse(session!))));
        await Eventually.True(async () => (await Issues(creator)).Contains("contested"));
    }

    [Fact]
    public async Task A_contested_key_is_disabled_if_its_creator_wished_so_until_he_enables_it()
    {
        var creator = await _system.NewChannel();
        using (var put = await creator.Api.PutAsJsonAsync("/api/stream/info", new { onContest = "disable" }))
            await TestCreator.Read(put, HttpStatusCode.OK);
        await _system.LiveKit.GoLive(creator.StreamKey);
        for (var i = 0; i < 4; i++) await _system.LiveKit.TakeOver(creator.StreamKey);
        await Eventually.Equal("ended", creator.State);
        await Eventually.True(async () => !(await _system.LiveKit.GoLive(creator.StreamKey)).Accepted);
        await Eventually.Equal("Contested", async () => (await _system.Database.Rows(
            "select reason from ingress_holds where ingress_id = @i and until is null", new NpgsqlParameter("i", creator.IngressId))).SingleOrDefault());
    }

    [Fact]
    public async Task A_refused_connection_while_live_changes_nothing_but_the_health_list()
    {
        var creator = await LiveCreator();
        var before = await creator.Status();
        Assert.Empty(await Issues(creator));
        await _system.LiveKit.RefusedConnectionWhileLive(creator.StreamKey);
        await Eventually.True(async () => (await Issues(creator)).SequenceEqual(["connectionRefused"]));

        var after = await creator.Status();
        foreach (var member in new[] { "isLive", "startedAt", "state", "sessionId", "viewerCount" }) Assert.Equal($"{before.GetProperty(member)}", $"{after.GetProperty(member)}");
        var session = Guid.Parse(before.GetProperty("sessionId").GetString()!);
        Assert.Equal(["Started -", "IssueOpened connectionRefused"], await _system.Database.Rows(
            "select transition || ' ' || coalesce(reason, '-') from timeline where session_id = @s order by id", new NpgsqlParameter("s", session)));

        await End(creator, new { blockReconnectSeconds = 0 });
        await Eventually.True(async () => (await Timeline($"{session}")).Contains("IssueClosed connectionRefused Rule"));
    }

    [Fact]
    public async Task Twenty_drops_of_one_to_fifty_nine_seconds_are_one_session_and_a_longer_one_ends_it_when_its_media_stopped()
    {
        var creator = await _system.NewChannel();
        var channel = Guid.Parse(await creator.Room());
        var from = TimeProvider.System.GetUtcNow().AddHours(-2);
        var events = new List<LiveKitEvent>();
        for (var (i, at) = (0, 0); i <= 20; at += 100 + 1 + (i * 58 / 19), i++)
        {
            events.Add(Ingress("ingress_started", creator, channel, $"RT_{channel}_{i}", from.AddSeconds(at), ended: null));
            events.Add(Ingress("ingress_ended", creator, channel, $"RT_{channel}_{i}", from.AddSeconds(at), from.AddSeconds(at + 100)));
        }

        var last = events[^1].Ingress!.EndedAt!.Value;
        await new EventApplier(_system.Database.Source).Apply([.. events.Select(e => new QueuedEvent(e.Id, e, e.CreatedAt, null))], default);
        Assert.Equal([$"{1} | {true} | {true}"], await _system.Database.Rows(
            "select count(*), bool_and(abs(extract(epoch from started_at - @from)) < 0.001), bool_and(abs(extract(epoch from media_ended_at - @last)) < 0.001) from sessions where channel_id = @c",
            new NpgsqlParameter("c", channel), new NpgsqlParameter("from", from), new NpgsqlParameter("last", last)));
        Assert.Equal("ended", await creator.State());
    }

    private static LiveKitEvent Ingress(string kind, TestCreator creator, Guid channel, string resource, DateTimeOffset started, DateTimeOffset? ended) => new()
    {
        Id = $"EV_{kind}_{resource}",
        Kind = kind,
        CreatedAt = started,
        Ingress = new IngressFacts(creator.IngressId, resource, $"{channel}", started, ended, null),
    };

    private static async Task<IReadOnlyList<string>> Issues(TestCreator creator)
    {
        using var answer = await creator.Api.GetAsync(new Uri("/api/stream/health", UriKind.Relative));
        return [.. (await TestCreator.Read(answer, HttpStatusCode.OK)).GetProperty("issues").EnumerateArray().Select(i => i.GetProperty("code").GetString()!)];
    }

    private async Task<TestCreator> LiveCreator()
    {
        var creator = await _system.NewChannel();
        await _system.LiveKit.GoLive(creator.StreamKey);
        await Eventually.True(creator.IsLive);
        return creator;
    }

    private static async Task<JsonElement> End(TestCreator creator, object request)
    {
        using var answer = await creator.Api.PostAsJsonAsync("/api/stream/end", request);
        return await TestCreator.Read(answer, HttpStatusCode.OK);
    }

    private static async Task<JsonElement> Preflight(TestCreator creator)
    {
        using var answer = await creator.Api.PostAsync(new Uri("/api/stream/preflight", UriKind.Relative), null);
        return await TestCreator.Read(answer, HttpStatusCode.OK);
    }

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

    private Task<IReadOnlyList<string>> Warnings(string session) =>
        _system.Database.Rows("select subject from timeline where session_id = @s and transition = 'DurationWarning' order by id", new NpgsqlParameter("s", Guid.Parse(session)));

    private Task<IReadOnlyList<string>> Timeline(string session) =>
        _system.Database.Rows("select concat_ws(' ', transition, reason, cause) from timeline where session_id = @s order by id", new NpgsqlParameter("s", Guid.Parse(session)));
}
