using Npgsql;
using Streaming.Core.Events;
using Streaming.Core.LiveKit;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Convergence;

/// <summary>The captured stories, told in other orders, with repetitions and in batches of any size, end in one state.</summary>
public sealed class StoryOrderTests : IAsyncLifetime
{
    private const int Orders = 40;
    private const string UserId = "someone";

    private TestDatabase _database = null!;
    private EventApplier _applier = null!;

    public static TheoryData<string> Stories => Captured.Stories;

    public async Task InitializeAsync()
    {
        _database = await TestDatabase.NewAsync();
        _applier = new EventApplier(_database.Source);
    }

    public async Task DisposeAsync() => await _database.DisposeAsync();

    [Theory]
    [MemberData(nameof(Stories))]
    public async Task A_story_in_any_order_and_with_any_repetition_ends_in_one_state(string story)
    {
        var expected = await Tell(story, "0", events => [events]);
        Assert.NotEmpty(expected);
        for (var seed = 1; seed <= Orders; seed++)
        {
            var told = await Tell(story, $"{seed}", events => Shuffled(events, new Random(seed)));
            Assert.True(expected.SequenceEqual(told), $"{story} in order {seed}:\n{string.Join('\n', told)}\ninstead of\n{string.Join('\n', expected)}");
        }
    }

    private async Task<IReadOnlyList<string>> Tell(string story, string suffix, Func<IReadOnlyList<LiveKitEvent>, IReadOnlyList<IReadOnlyList<LiveKitEvent>>> batches)
    {
        var channel = await _database.NewChannel();
        var events = Captured.BodiesFor(story, channel.Id, UserId, $"~{suffix}~").Select(body => WireEvent.Read(body)).ToList();
        var entry = 0;
        foreach (var batch in batches(events))
            await _applier.Apply([.. batch.Select(e => new QueuedEvent($"{entry++}-0", e, DateTimeOffset.UnixEpoch, null))], CancellationToken.None);
        return await StateOf(channel.Id, $"~{suffix}~");
    }

    private static List<IReadOnlyList<LiveKitEvent>> Shuffled(IReadOnlyList<LiveKitEvent> events, Random random)
    {
        var told = events.Concat(events.Where(_ => random.Next(4) == 0)).ToArray();
        random.Shuffle(told);
        return [.. told.Chunk(random.Next(1, 5))];
    }

    private async Task<IReadOnlyList<string>> StateOf(Guid channel, string suffix)
    {
        var rows = await _database.Rows(
            """
            select 'segment', resource_id, source, ingress_id, room_sid, started_at, stopped_at, left_at, is_displaced, failure, ended_at, end_reason, session_id is not null
            from ingest_segments where channel_id = @channel order by resource_id
            """, new NpgsqlParameter("channel", channel));
        var sessions = await _database.Rows(
            "select 'session', started_at, media_ended_at, end_reason, reconnect_window_seconds from sessions where channel_id = @channel order by started_at",
            new NpgsqlParameter("channel", channel));
        var presences = await _database.Rows(
            "select 'presence', participant_sid, room_sid, role, joined_at, left_at from presences where channel_id = @channel order by participant_sid",
            new NpgsqlParameter("channel", channel));
        var rooms = await _database.Rows(
            "select 'room', room_sid, started_at, finished_at from room_sessions where channel_id = @channel order by room_sid", new NpgsqlParameter("channel", channel));
        return [.. rows.Concat(sessions).Concat(presences).Concat(rooms).Select(row => row.Replace(suffix, "", StringComparison.Ordinal))];
    }
}
