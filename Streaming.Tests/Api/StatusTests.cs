using System.Text.Json;
using LiveKitSimulator;
using Npgsql;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Api;

/// <summary>
/// What a creator's frontend polls, in every state and while parts of the system are away. The tests share a system of their own, one
/// after the other, since they stop its worker and its Redis.
/// </summary>
public sealed class StatusTests(StatusTests.Own own) : IClassFixture<StatusTests.Own>
{
    private const int OfTheConsumer = 1, OfTheReconciler = 2;
    private readonly TestSystem _system = own.System;

    [Fact]
    public async Task A_creator_without_a_first_key_has_no_status()
    {
        var creator = await _system.NewCreator();
        await (await creator.Api.GetAt("/api/stream/status")).IsError(404, "stream_not_found");
    }

    [Fact]
    public async Task Each_state_has_its_members_and_no_others()
    {
        var creator = await _system.NewChannel();
        var offline = await creator.Status();
        Assert.Equal(["isLive", "viewerCount", "state", "stale", "asOf"], Members(offline));
        Assert.Equal((false, 0, "offline", false), Facts(offline));

        await _system.LiveKit.GoLive(creator.StreamKey);
        await Eventually.Equal("live", creator.State);
        var live = await creator.Status();
        Assert.Equal(["isLive", "viewerCount", "startedAt", "state", "sessionId", "stale", "asOf"], Members(live));
        Assert.Equal((true, 0, "live", false), Facts(live));
        Assert.InRange(live.GetProperty("asOf").GetDateTimeOffset() - live.GetProperty("startedAt").GetDateTimeOffset(), TimeSpan.Zero, TimeSpan.FromMinutes(1));
        foreach (var time in new[] { "startedAt", "asOf" }) Assert.EndsWith("Z", live.GetProperty(time).GetString(), StringComparison.Ordinal);

        await _system.LiveKit.Stop(creator.StreamKey);
        await Eventually.Equal("reconnecting", creator.State);
        var reconnecting = await creator.Status();
        Assert.Equal(["isLive", "viewerCount", "startedAt", "state", "sessionId", "reconnectingUntil", "stale", "asOf"], Members(reconnecting));
        Assert.Equal((false, 0, "reconnecting", false), Facts(reconnecting));
        Assert.Equal(Session(live), Session(reconnecting));

        await creator.CreateIngress(); // with the old key nobody can reconnect
        var ended = await creator.Status();
        Assert.Equal(["isLive", "viewerCount", "state", "sessionId", "stale", "asOf"], Members(ended));
        Assert.Equal((false, 0, "ended", false), Facts(ended));
        Assert.Equal(Session(live), Session(ended));
    }

    [Fact]
    public async Task A_key_that_is_deleted_while_live_ends_the_session_though_LiveKit_says_nothing()
    {
        var creator = await _system.NewChannel();
        await _system.LiveKit.GoLive(creator.StreamKey);
        await Eventually.True(creator.IsLive);
        await _system.LiveKit.Faults(new DeliveryFaultPlan { Drop = 1 });
        try
        {
            using var answer = await creator.Api.DeleteAsync(new Uri("/api/stream/ingress", UriKind.Relative));
            await TestCreator.Read(answer, System.Net.HttpStatusCode.OK);
            Assert.Equal("ended", await creator.State()); // not "starting", though its encoder is not known to have left the room
        }
        finally
        {
            await _system.LiveKit.Faults(new DeliveryFaultPlan());
        }
    }

    [Fact]
    public async Task Without_a_worker_for_15_seconds_or_LiveKits_word_for_45_the_status_is_called_stale()
    {
        var creator = await _system.NewChannel();
        await Eventually.Equal(false, () => IsStale(creator)); // once the worker has asked LiveKit for the first time

        await _system.Worker.TerminateAsync();
        await LastBeat(OfTheConsumer, "10 seconds");
        Assert.False(await IsStale(creator));
        await LastBeat(OfTheConsumer, "15.1 seconds");
        Assert.True(await IsStale(creator));
        await LastBeat(OfTheConsumer, "0 seconds");
        await LastBeat(OfTheReconciler, "40 seconds"); // LiveKit is asked every 15 seconds
        Assert.False(await IsStale(creator));
        await LastBeat(OfTheReconciler, "45.1 seconds");
        Assert.True(await IsStale(creator));
        await using (var command = _system.Database.Source.CreateCommand("delete from worker_pulse")) await command.ExecuteNonQueryAsync();
        Assert.True(await IsStale(creator));

        await _system.StartWorkerAsync();
        await Eventually.Equal(false, () => IsStale(creator));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Without_Redis_the_status_comes_from_Postgres_and_goes_on_changing(bool frozen)
    {
        var creator = await _system.NewChannel();
        await _system.LiveKit.GoLive(creator.StreamKey);
        await Eventually.True(creator.IsLive);
        var room = await creator.Room();
        foreach (var viewer in new[] { "viewer:ann:1", "viewer:ben:1" }) await _system.LiveKit.ViewerJoins(room, viewer);
        await Eventually.Equal(2, creator.ViewerCount);

        if (frozen) _system.Redis.Freeze();
        else await _system.Redis.KillAsync();
        try
        {
            Assert.Equal((true, 2, "live", false), Facts(await creator.Status()));
            await _system.LiveKit.ViewerJoins(room, "guest:0123");
            await Eventually.Equal(3, creator.ViewerCount, within: TimeSpan.FromSeconds(20));
        }
        finally
        {
            if (frozen) _system.Redis.Thaw();
            else await _system.Redis.StartAgainAsync();
        }

        await _system.LiveKit.ViewerLeaves(room, "viewer:ann:1");
        await Eventually.Equal(2, creator.ViewerCount, within: TimeSpan.FromSeconds(20));
    }

    private static IEnumerable<string> Members(JsonElement status) => status.EnumerateObject().Select(p => p.Name);

    private static (bool IsLive, long ViewerCount, string State, bool Stale) Facts(JsonElement status) =>
        (status.GetProperty("isLive").GetBoolean(), status.GetProperty("viewerCount").GetInt64(), status.GetProperty("state").GetString()!, status.GetProperty("stale").GetBoolean());

    private static string Session(JsonElement status) => status.GetProperty("sessionId").GetString()!;

    private static async Task<bool> IsStale(TestCreator creator) => (await creator.Status()).GetProperty("stale").GetBoolean();

    private async Task LastBeat(int id, string ago)
    {
        await using var command = _system.Database.Source.CreateCommand("update worker_pulse set beat_at = now() - @ago::interval where id = @id");
        command.Parameters.AddWithValue("id", id);
        command.Parameters.Add(new NpgsqlParameter<string>("ago", ago));
        Assert.Equal(1, await command.ExecuteNonQueryAsync());
    }

    public sealed class Own : IAsyncLifetime
    {
        public TestSystem System { get; private set; } = null!;

        public async Task InitializeAsync() => System = await TestSystem.StartAsync();

        public async Task DisposeAsync() => await System.DisposeAsync();
    }
}
