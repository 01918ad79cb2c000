using StackExchange.Redis;
using Streaming.Core.Events;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Worker;

/// <summary>What nobody needs any more goes, and nothing else does.</summary>
public sealed class RetentionTests : IAsyncLifetime
{
    private TestDatabase _database = null!;
    private RedisServer _server = null!;
    private ConnectionMultiplexer _redis = null!;
    private Retention _retention = null!;

    public async Task InitializeAsync()
    {
        _database = await TestDatabase.NewAsync();
        _server = await RedisServer.StartAsync();
        _redis = await ConnectionMultiplexer.ConnectAsync(_server.ConnectionString);
        _retention = new Retention(_database.Source, _redis);
    }

    public async Task DisposeAsync()
    {
        await _redis.DisposeAsync();
        await _server.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Fact]
    public async Task However_many_rows_there_are_they_are_looked_through() =>
        Assert.Equal(0, await _database.WhileWaitingFor("presences", source => new Retention(source, _redis).DeleteOldRows(default)));

    [Fact]
    public async Task Rows_are_deleted_when_their_time_is_over_and_not_a_day_sooner()
    {
        var channel = await _database.NewChannel();
        foreach (var (name, hours) in new[] { ("kept", -24), ("old", 24) })
        {
            await Insert(
                """
                insert into processed_events (event_id, kind, entry_id, outcome, received_at, processed_at) values (@name, 'room_started', @name, 'Applied', now(), now() - interval '30 days' - @more);
                insert into duplicate_deliveries (entry_id, event_id, at) values (@name, @name, now() - interval '30 days' - @more);
                insert into dead_letters (event_id, entry_id, kind, projection, reason, attempts, first_at, last_at)
                    values (@name, @name, 'room_started', '{}', 'none', 1, now() - interval '100 days', now() - interval '90 days' - @more);
                insert into corrections (at, channel_id, kind, subject, first_seen_at) values (now() - interval '90 days' - @more, @channel, 'SegmentSeen', @name, now());
                insert into room_sessions (room_sid, channel_id, finished_at) values (@name, @channel, now() - interval '7 days' - @more);
                insert into presences (participant_sid, room_sid, channel_id, role, person, joined_at) values (@name || ', never said to leave', @name, @channel, 'Viewer', 'a', now() - interval '9 days');
                insert into presences (participant_sid, room_sid, channel_id, role, person, joined_at, left_at)
                    values (@name || ', left', 'open', @channel, 'Viewer', 'a', now() - interval '9 days', now() - interval '7 days' - @more);
                """, name, TimeSpan.FromHours(hours), channel.Id);
        }

        await Insert("insert into presences (participant_sid, room_sid, channel_id, role, person, joined_at) values (@name, 'open', @channel, 'Viewer', 'a', now() - @more)", "kept, still there", TimeSpan.FromDays(400), channel.Id);

        Assert.Equal(6, await _retention.DeleteOldRows(default));
        Assert.Equal(0, await _retention.DeleteOldRows(default));
        foreach (var ids in new[]
        {
            "event_id from processed_events", "entry_id from duplicate_deliveries", "event_id from dead_letters", "subject from corrections", "room_sid from room_sessions where room_sid = 'kept'",
        }) Assert.Equal(["kept"], await _database.Rows($"select {ids}"));
        Assert.Equal(["kept, left", "kept, never said to leave", "kept, still there"], await _database.Rows("select participant_sid from presences order by 1"));
    }

    [Fact]
    public async Task More_than_one_piece_of_old_rows_goes_at_once()
    {
        await Insert(
            """
            insert into processed_events (event_id, kind, entry_id, outcome, received_at, processed_at)
            select n, 'room_started', n, @name, now(), now() - @more from generate_series(1, 5001) n where @channel is not null
            """, "Applied", TimeSpan.FromDays(31), Guid.Empty);

        Assert.Equal(5001, await _retention.DeleteOldRows(default));
    }

    [Fact]
    public async Task A_workers_name_goes_when_it_has_long_read_nothing_and_holds_nothing()
    {
        var moment = TimeSpan.FromMilliseconds(1);
        Assert.Equal(0, await _retention.DeleteIdleConsumerNames(moment)); // no stream yet

        var queue = new EventQueue(_redis, TimeProvider.System);
        await queue.EnsureGroup();
        foreach (var id in new[] { "EV_1", "EV_2" }) await queue.Enqueue(new LiveKitEvent { Id = id, Kind = EventKinds.RoomStarted });
        await queue.Read("holds one", 1);
        await queue.Done([.. (await queue.Read("idle", 1)).Select(e => e.EntryId)]);

        Assert.Equal(0, await _retention.DeleteIdleConsumerNames(Retention.Consumers));
        await Eventually.Equal(1, () => _retention.DeleteIdleConsumerNames(moment));
        Assert.Equal("holds one", Assert.Single(await _redis.GetDatabase().StreamConsumerInfoAsync(EventQueue.StreamKey, EventQueue.Group)).Name);
    }

    private async Task Insert(string sql, string name, TimeSpan more, Guid channel)
    {
        var literal = sql.Replace("@name", $"'{name}'", StringComparison.Ordinal).Replace("@more", $"'{more.TotalHours} hours'::interval", StringComparison.Ordinal)
            .Replace("@channel", $"'{channel}'::uuid", StringComparison.Ordinal); // several statements take no parameters together
        await using var command = _database.Source.CreateCommand(literal);
        await command.ExecuteNonQueryAsync();
    }
}
