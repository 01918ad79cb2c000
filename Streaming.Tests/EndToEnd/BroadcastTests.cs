using LiveKitSimulator;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.EndToEnd;

/// <summary>What a creator and his frontend see of a broadcast, through LiveKit's webhooks, the queue and the worker.</summary>
public sealed class BroadcastTests : IAsyncLifetime
{
    private TestSystem _system = null!;

    public async Task InitializeAsync() => _system = await TestSystem.Shared;

    public Task DisposeAsync() => Task.CompletedTask;

    [Theory]
    [InlineData("RTMP")]
    [InlineData("WHIP")]
    public async Task A_creator_goes_live_gains_viewers_and_ends(string ingressType)
    {
        var creator = await _system.NewChannel(ingressType);
        Assert.Equal("offline", await creator.State());

        await _system.LiveKit.GoLive(creator.StreamKey);
        await Eventually.True(creator.IsLive);
        var live = await creator.Status();
        Assert.Equal("live", live.GetProperty("state").GetString());
        Assert.True((await creator.Info()).GetProperty("isLive").GetBoolean());

        var room = await creator.Room();
        await _system.LiveKit.ViewerJoins(room, "viewer:ann:1");
        await _system.LiveKit.ViewerJoins(room, "viewer:ann:2"); // her telephone
        await _system.LiveKit.ViewerJoins(room, "guest:0123");
        await Eventually.Equal(2, creator.ViewerCount);
        await _system.LiveKit.ViewerLeaves(room, "viewer:ann:1");
        await _system.LiveKit.ViewerLeaves(room, "guest:0123");
        await Eventually.Equal(1, creator.ViewerCount);

        await _system.LiveKit.Stop(creator.StreamKey);
        await Eventually.Equal("reconnecting", creator.State);
        var dropped = await creator.Status();
        Assert.False(dropped.GetProperty("isLive").GetBoolean());
        Assert.Equal(live.GetProperty("sessionId").GetString(), dropped.GetProperty("sessionId").GetString());
        Assert.Equal(live.GetProperty("startedAt").GetString(), dropped.GetProperty("startedAt").GetString());
        Assert.InRange(dropped.GetProperty("reconnectingUntil").GetDateTimeOffset() - live.GetProperty("startedAt").GetDateTimeOffset(), TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(90));
    }

    [Fact]
    public async Task An_encoder_that_comes_back_within_the_window_goes_on_with_its_session()
    {
        var creator = await _system.NewChannel();
        await _system.LiveKit.GoLive(creator.StreamKey);
        await Eventually.True(creator.IsLive);
        var first = await creator.Status();
        await _system.LiveKit.EncoderKilled(creator.StreamKey);
        await Eventually.Equal("reconnecting", creator.State);
        await _system.LiveKit.GoLive(creator.StreamKey);
        await Eventually.True(creator.IsLive);
        var second = await creator.Status();
        Assert.Equal(first.GetProperty("sessionId").GetString(), second.GetProperty("sessionId").GetString());
        Assert.Equal(first.GetProperty("startedAt").GetString(), second.GetProperty("startedAt").GetString());
    }

    [Fact]
    public async Task Without_a_window_the_session_ends_with_its_media()
    {
        var creator = await _system.NewChannel();
        await SetWindow(creator, 0);
        await _system.LiveKit.GoLive(creator.StreamKey);
        await Eventually.True(creator.IsLive);
        await _system.LiveKit.Stop(creator.StreamKey);
        await Eventually.Equal("ended", creator.State);
        var ended = await creator.Status();
        Assert.False(ended.TryGetProperty("startedAt", out _));
        Assert.False(ended.TryGetProperty("reconnectingUntil", out _));
    }

    [Fact]
    public async Task A_creator_broadcasts_from_his_browser_with_a_creator_token()
    {
        var creator = await _system.NewChannel();
        using var answer = await creator.Api.PostAsync(new Uri("/api/stream/creator-token", UriKind.Relative), null);
        var token = await TestCreator.Read(answer, System.Net.HttpStatusCode.OK);
        var joined = await _system.LiveKit.BrowserCreator(new Newcomer { Token = token.GetProperty("token").GetString() });
        Assert.Equal((null, token.GetProperty("identity").GetString()), (joined.Error, joined.Identity));
        await Eventually.True(creator.IsLive);
        Assert.Equal(0, await creator.ViewerCount());

        await _system.LiveKit.BrowserCreatorLeaves(await creator.Room(), joined.Identity!);
        await Eventually.Equal("reconnecting", creator.State);
    }

    [Fact]
    public async Task A_creator_who_has_joined_and_shows_nothing_yet_is_starting()
    {
        var creator = await _system.NewChannel();
        using var answer = await creator.Api.PostAsync(new Uri("/api/stream/creator-token", UriKind.Relative), null);
        var token = await TestCreator.Read(answer, System.Net.HttpStatusCode.OK);
        await _system.LiveKit.ViewerJoins(new Newcomer { Token = token.GetProperty("token").GetString() });
        await Eventually.Equal("starting", creator.State);
    }

    [Fact]
    public async Task A_takeover_keeps_the_session()
    {
        var creator = await _system.NewChannel();
        await _system.LiveKit.GoLive(creator.StreamKey);
        await Eventually.True(creator.IsLive);
        var session = (await creator.Status()).GetProperty("sessionId").GetString();
        await _system.LiveKit.TakeOver(creator.StreamKey);
        await Quiet();
        Assert.True(await creator.IsLive());
        Assert.Equal(session, (await creator.Status()).GetProperty("sessionId").GetString());
        await _system.LiveKit.Stop(creator.StreamKey);
        await Eventually.Equal("reconnecting", creator.State);
    }

    [Fact]
    public async Task A_refused_connection_while_live_changes_nothing()
    {
        var creator = await _system.NewChannel();
        await _system.LiveKit.GoLive(creator.StreamKey);
        await Eventually.True(creator.IsLive);
        await _system.LiveKit.RefusedConnectionWhileLive(creator.StreamKey);
        await Quiet();
        Assert.True(await creator.IsLive());
        await _system.LiveKit.Stop(creator.StreamKey); // LiveKit sends no ingress_ended for it now
        await Eventually.Equal("reconnecting", creator.State);
    }

    [Fact]
    public async Task A_refused_start_is_no_broadcast()
    {
        var creator = await _system.NewChannel();
        await _system.LiveKit.RefusedStart(creator.StreamKey);
        await Quiet();
        Assert.Equal("offline", await creator.State());
    }

    [Fact]
    public async Task Deleting_the_key_of_a_live_stream_ends_it_at_once()
    {
        var creator = await _system.NewChannel();
        await _system.LiveKit.GoLive(creator.StreamKey);
        await Eventually.True(creator.IsLive);
        using var answer = await creator.Api.DeleteAsync(new Uri("/api/stream/ingress", UriKind.Relative));
        await TestCreator.Read(answer, System.Net.HttpStatusCode.OK);
        Assert.Equal("ended", await creator.State()); // before LiveKit says anything: it may never say it
        await Quiet();
        Assert.Equal("ended", await creator.State());
    }

    [Fact]
    public async Task Deleting_the_key_takes_the_publisher_off_the_air_even_after_a_refused_connection()
    {
        var creator = await _system.NewChannel();
        await _system.LiveKit.GoLive(creator.StreamKey);
        await Eventually.True(creator.IsLive);
        await _system.LiveKit.RefusedConnectionWhileLive(creator.StreamKey);
        await Quiet();
        using var answer = await creator.Api.DeleteAsync(new Uri("/api/stream/ingress", UriKind.Relative));
        await TestCreator.Read(answer, System.Net.HttpStatusCode.OK);

        var room = await creator.Room();
        await Eventually.True(async () => (await _system.LiveKit.Deliveries()).Any(d => d.Key == room && d.Event == "participant_left"));
        await Quiet();
        Assert.Equal("ended", await creator.State());
    }

    [Fact]
    public async Task A_creator_goes_live_while_Redis_is_away()
    {
        await using var system = await TestSystem.StartAsync();
        var creator = await system.NewChannel();
        await system.Redis.KillAsync();

        await system.LiveKit.GoLive(creator.StreamKey);
        await Eventually.True(creator.IsLive, within: TimeSpan.FromSeconds(15));
        Assert.True((await system.LiveKit.Idle(TimeSpan.FromSeconds(15))).IsIdle);
        Assert.All(await system.LiveKit.Deliveries(), delivery => Assert.Equal(200, Assert.Single(delivery.Attempts).Status)); // the spool took each at once

        await system.Redis.StartAgainAsync();
        await system.LiveKit.Stop(creator.StreamKey);
        await Eventually.Equal("reconnecting", creator.State, within: TimeSpan.FromSeconds(15));
    }

    [Fact]
    public async Task LiveKit_killed_and_restarted_leaves_nobody_behind()
    {
        await using var system = await TestSystem.StartAsync(); // it restarts for all of its rooms
        var creator = await system.NewChannel();
        using var answer = await creator.Api.PostAsync(new Uri("/api/stream/creator-token", UriKind.Relative), null);
        var token = (await TestCreator.Read(answer, System.Net.HttpStatusCode.OK)).GetProperty("token").GetString();
        var joined = await system.LiveKit.BrowserCreator(new Newcomer { Token = token });
        var room = await creator.Room();
        await system.LiveKit.ViewerJoins(room, "viewer:ann:1");
        await Eventually.Equal(1, creator.ViewerCount);

        await system.LiveKit.LiveKitKilledAndRestarted();
        await Eventually.True(creator.IsLive);
        await Eventually.Equal(1, creator.ViewerCount);
        await system.LiveKit.BrowserCreatorLeaves(room, joined.Identity!);
        await system.LiveKit.ViewerLeaves(room, "viewer:ann:1");
        await Eventually.Equal("reconnecting", creator.State);
        await Eventually.Equal(0, creator.ViewerCount);
    }

    /// <summary>Until LiveKit has told everything and all of it is applied.</summary>
    private async Task Quiet()
    {
        Assert.True((await _system.LiveKit.Idle(TimeSpan.FromSeconds(10))).IsIdle);
        await Eventually.Equal("0", async () => (await RedisStream.Length(_system.Redis)).ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    private async Task SetWindow(TestCreator creator, int seconds)
    {
        await using var command = _system.Database.Source.CreateCommand("update channels set reconnect_window_seconds = @seconds where user_id = @user");
        command.Parameters.AddWithValue("seconds", seconds);
        command.Parameters.AddWithValue("user", creator.UserId);
        Assert.Equal(1, await command.ExecuteNonQueryAsync());
    }
}
