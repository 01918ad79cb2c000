using StackExchange.Redis;
using Streaming.Core.Events;
using Streaming.Core.LiveKit;
using Streaming.Core.Sessions;
using Streaming.Core.Viewers;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Convergence;

/// <summary>What each captured story means for the channel, event by event.</summary>
public sealed class StoryStateTests : IAsyncLifetime
{
    private const string UserId = "someone";

    private TestDatabase _database = null!;
    private ConnectionMultiplexer _redis = null!;
    private EventApplier _applier = null!;
    private ChannelStates _states = null!;
    private ViewerCounts _viewers = null!;

    public async Task InitializeAsync()
    {
        _database = await TestDatabase.NewAsync();
        _redis = await ConnectionMultiplexer.ConnectAsync((await RedisServer.Shared).ConnectionString);
        _applier = new EventApplier(_database.Source);
        _states = new ChannelStates(_database.Source);
        _viewers = new ViewerCounts(_database.Source, _redis, TimeProvider.System);
    }

    public async Task DisposeAsync()
    {
        await _redis.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Theory]
    [InlineData("rtmp-obs-one-viewer", "2026-11-22T13:03:55.443872Z", "2026-11-22T13:04:31.113218Z", "stopped")]
    [InlineData("rtmp-encoder-killed", "2026-11-22T13:10:44.824836Z", "2026-11-22T13:10:54.119668Z", "stopped")]
    [InlineData("whip-passthrough-one-viewer", "2026-11-22T13:06:49.307604Z", "2026-11-22T13:07:11.595841Z", "stopped")]
    [InlineData("whip-transcoded-duplicate-ingress-started", "2026-11-22T13:07:13.864877Z", "2026-11-22T13:07:36.092108Z", "stopped")]
    [InlineData("browser-creator-one-viewer", "2026-11-22T12:46:30Z", "2026-11-22T12:46:44Z", "disconnected")]
    [InlineData("client-killed-left-21s-later", "2026-11-22T13:05:06Z", "2026-11-22T13:05:31Z", "disconnected")]
    [InlineData("room-deleted", "2026-11-22T13:15:13Z", "2026-11-22T13:15:22Z", "disconnected")]
    [InlineData("viewer-removed-then-host-gone", "2026-11-22T13:05:20Z", "2026-11-22T13:05:27Z", "disconnected")]
    [InlineData("same-identity-joins-twice", "2026-11-22T13:05:06Z", "2026-11-22T13:05:19Z", "disconnected")]
    [InlineData("livekit-killed-and-restarted", "2026-11-22T13:13:20Z", "2026-11-22T13:14:00Z", "disconnected")]
    [InlineData("refused-connection-while-live", "2026-11-22T13:40:37.175596Z", "2026-11-22T13:40:58Z", "disconnected")]
    public async Task A_broadcast_is_one_session_from_its_first_media_to_its_last(string story, string startedAt, string endedAt, string reason)
    {
        var (channel, _) = await Tell(story);
        var session = Assert.Single(await _database.Rows(
            "select started_at, media_ended_at, end_reason from sessions where channel_id = @channel", new Npgsql.NpgsqlParameter("channel", channel)));
        Assert.Equal($"{Time(startedAt)} | {Time(endedAt)} | {reason}", session);
    }

    [Theory]
    [InlineData("refused-start-then-viewer-only-room")]
    [InlineData("url-input-fails")]
    [InlineData("connection-aborted")]
    [InlineData("receiver-failed-then-recovered")]
    public async Task Without_media_there_is_no_session(string story)
    {
        var (channel, states) = await Tell(story);
        Assert.DoesNotContain(LiveState.Live, states);
        Assert.Empty(await _database.Rows("select 1 from sessions where channel_id = @channel", new Npgsql.NpgsqlParameter("channel", channel)));
    }

    [Fact]
    public async Task A_refused_connection_while_live_changes_nothing()
    {
        var (_, states) = await Tell("refused-connection-while-live");
        var live = states.Select(s => s == LiveState.Live).ToList();
        Assert.Equal(1, live.IndexOf(true)); // ingress_started is the second event
        Assert.Equal(8, live.IndexOf(false, 1)); // and the publisher's leaving the ninth; the refusal, the sixth, ended nothing
    }

    [Theory]
    [InlineData("rtmp-obs-one-viewer", 1)]
    [InlineData("browser-creator-one-viewer", 1)]
    [InlineData("room-deleted", 1)]
    [InlineData("refused-start-then-viewer-only-room", 1)]
    [InlineData("viewer-removed-then-host-gone", 0)] // its only watcher is hidden
    [InlineData("same-identity-joins-twice", 0)]
    public async Task Watchers_are_counted_and_creators_are_not(string story, int most)
    {
        var counts = new List<long>();
        var (channel, _) = await Tell(story, async c => counts.Add((await _viewers.Count([c], CancellationToken.None))[0].Viewers));
        Assert.Equal(most, counts.Max());
        Assert.Equal(0, counts[^1]);
        Assert.Equal(counts[^1], (await _viewers.Of(channel, CancellationToken.None)).Viewers);
    }

    [Fact]
    public async Task Whoever_was_in_a_room_before_LiveKit_restarted_is_gone()
    {
        var (channel, states) = await Tell("livekit-killed-and-restarted");
        Assert.Equal(2, await CountOf("select count(*) from ingest_segments where channel_id = @channel and ended_at is not null", channel));
        Assert.Equal(LiveState.Ended, states[^1]);
    }

    private async Task<long> CountOf(string sql, Guid channel) =>
        long.Parse((await _database.Rows(sql, new Npgsql.NpgsqlParameter("channel", channel)))[0], null);

    private async Task<(Guid Channel, List<LiveState> States)> Tell(string story, Func<Guid, Task>? afterEach = null)
    {
        var channel = await _database.NewChannel();
        var states = new List<LiveState>();
        foreach (var body in Captured.BodiesFor(story, channel.Id, UserId, $"~{channel.Id:N}~"))
        {
            var @event = WireEvent.Read(body);
            await _applier.Apply([new QueuedEvent(@event.Id, @event, @event.CreatedAt, null)], CancellationToken.None);
            states.Add((await _states.OfOwner(channel.UserId, CancellationToken.None))!.State);
            if (afterEach is not null) await afterEach(channel.Id);
        }

        return (channel.Id, states);
    }

    private static string Time(string time) => $"{DateTimeOffset.Parse(time, System.Globalization.CultureInfo.InvariantCulture).UtcDateTime:O}";
}
