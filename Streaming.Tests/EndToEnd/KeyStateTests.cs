using System.Net;
using System.Text.Json;
using LiveKitSimulator;
using Streaming.Core.Sessions;
using Streaming.Core.Streams;
using Streaming.Tests.Api;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.EndToEnd;

/// <summary>Switching a stream key off and on, through API, worker and LiveKit.</summary>
public sealed class KeyStateTests : IAsyncLifetime
{
    private TestSystem _system = null!;

    public async Task InitializeAsync() => _system = await TestSystem.Shared;

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task Switching_a_live_key_off_ends_the_session_at_once_and_its_encoder_does_not_come_back()
    {
        var creator = await Live();

        var state = await Set(creator, enabled: false);

        Assert.Equal((false, true, "disabled"), (state.GetProperty("enabled").GetBoolean(), state.GetProperty("isApplied").GetBoolean(), state.GetProperty("heldBy")[0].GetString()));
        var ended = await creator.Status();
        Assert.Equal("ended", ended.GetProperty("state").GetString());
        for (var i = 0; i < 3; i++) Assert.False((await _system.LiveKit.GoLive(creator.StreamKey)).Accepted);
        await Told();
        Assert.Equal(("ended", ended.GetProperty("sessionId").GetString()), (await creator.State(), (await creator.Status()).GetProperty("sessionId").GetString()));
        Assert.Equal(["Started", "Ended disabled"], await Timeline(creator));
    }

    [Fact]
    public async Task Switched_on_again_the_same_key_works_in_a_session_of_its_own()
    {
        var creator = await Live();
        var first = (await creator.Status()).GetProperty("sessionId").GetString();
        await Set(creator, enabled: false);

        Assert.True((await Set(creator, enabled: true)).GetProperty("enabled").GetBoolean());

        Assert.True((await _system.LiveKit.GoLive(creator.StreamKey)).Accepted);
        await Eventually.True(creator.IsLive);
        Assert.NotEqual(first, (await creator.Status()).GetProperty("sessionId").GetString());
    }

    [Fact]
    public async Task Switching_on_what_is_on_does_not_touch_the_broadcast()
    {
        var creator = await Live();
        await Set(creator, enabled: true);
        await Told();
        Assert.True(await creator.IsLive());
    }

    [Fact]
    public async Task A_key_switched_off_in_the_reconnect_window_ends_the_session()
    {
        var creator = await Live();
        await _system.LiveKit.EncoderKilled(creator.StreamKey);
        await Eventually.Equal("reconnecting", creator.State);
        await Set(creator, enabled: false);
        Assert.Equal("ended", await creator.State());
    }

    [Fact]
    public async Task After_a_refused_connection_the_publisher_of_a_key_that_is_switched_off_is_taken_out_too()
    {
        var creator = await Live();
        await _system.LiveKit.RefusedConnectionWhileLive(creator.StreamKey);

        await Set(creator, enabled: false);

        await Assert.ThrowsAsync<InvalidOperationException>(() => _system.LiveKit.Stop(creator.StreamKey)); // nobody is there any more
        Assert.Equal("ended", await creator.State());
    }

    [Fact]
    public async Task A_key_that_several_reasons_hold_works_when_the_last_of_them_is_gone()
    {
        var creator = await _system.NewChannel();
        var channel = Guid.Parse(await creator.Room());
        await Set(creator, enabled: false);
        await Hold(channel, until: TimeProvider.System.GetUtcNow().AddSeconds(1));

        var on = await Set(creator, enabled: true);
        Assert.Equal((false, """["ended"]"""), (on.GetProperty("enabled").GetBoolean(), on.GetProperty("heldBy").GetRawText()));
        Assert.False((await _system.LiveKit.GoLive(creator.StreamKey)).Accepted);

        await Eventually.True(async () => (await _system.LiveKit.GoLive(creator.StreamKey)).Accepted); // the block is over, and the worker saw to it
    }

    [Fact]
    public async Task Another_creators_key_is_not_there()
    {
        var (creator, other) = (await _system.NewChannel(), await _system.NewChannel());
        await (await creator.Api.PutJson($"/api/stream/ingress/{other.IngressId}/state", """{"enabled":false}""")).IsError(404, "ingress_not_found");
        await (await creator.Api.PutJson("/api/stream/ingress/IN_nothing/state", """{"enabled":false}""")).IsError(404, "ingress_not_found");
        Assert.True((await _system.LiveKit.GoLive(other.StreamKey)).Accepted);
    }

    private async Task<TestCreator> Live()
    {
        var creator = await _system.NewChannel();
        await _system.LiveKit.GoLive(creator.StreamKey);
        await Eventually.True(creator.IsLive);
        return creator;
    }

    private static async Task<JsonElement> Set(TestCreator creator, bool enabled) =>
        await TestCreator.Read(await creator.Api.PutJson($"/api/stream/ingress/{creator.IngressId}/state", $$"""{"enabled":{{(enabled ? "true" : "false")}}}"""), HttpStatusCode.OK);

    /// <summary>All that LiveKit had to tell has been told.</summary>
    private async Task Told() => Assert.True((await _system.LiveKit.Idle(TimeSpan.FromSeconds(10))).IsIdle);

    private async Task<IReadOnlyList<string>> Timeline(TestCreator creator) =>
        await _system.Database.Rows($"select concat_ws(' ', transition, reason) from timeline where channel_id = '{await creator.Room()}' order by id");

    private async Task Hold(Guid channel, DateTimeOffset until)
    {
        await using var connection = await _system.Database.Source.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await IngressHolds.Place(connection, channel, ingress: null, HoldReason.Ended, until, EndReasons.Stopped, CancellationToken.None);
        await transaction.CommitAsync();
    }
}
