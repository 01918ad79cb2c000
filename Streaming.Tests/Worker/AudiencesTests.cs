using Npgsql;
using Streaming.Core.Sessions;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Worker;

/// <summary>Most viewers and viewers on average, beside a count of every single moment.</summary>
public sealed class AudiencesTests : IAsyncLifetime
{
    private static readonly DateTimeOffset Zero = TimeProvider.System.GetUtcNow().AddHours(-10);

    private TestDatabase _database = null!;
    private Audiences _audiences = null!;

    public async Task InitializeAsync()
    {
        _database = await TestDatabase.NewAsync();
        _audiences = new Audiences(_database.Source);
    }

    public async Task DisposeAsync() => await _database.DisposeAsync();

    [Fact]
    public async Task Random_comings_and_goings_are_counted_as_by_looking_at_every_second_and_stay_so_when_they_are_forgotten()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        var expected = new Dictionary<Guid, Audience>();
        for (var i = 0; i < 60; i++)
        {
            var story = Evening.Random(random);
            expected.Add(await Tell(story), story.CountEverySecond());
        }

        await Matches(expected, seed);
        Assert.Equal(60, await _audiences.Settle(default));
        Assert.Equal(0, await _audiences.Settle(default));
        await Execute("delete from presences");
        await Matches(expected, seed);
    }

    [Fact]
    public async Task A_session_that_is_running_is_counted_up_to_now_and_not_settled()
    {
        var now = TimeProvider.System.GetUtcNow();
        var (channel, session) = ((await _database.NewChannel()).Id, Guid.CreateVersion7());
        await Session(channel, session, now.AddSeconds(-100), null);
        await Segment(channel, session, now.AddSeconds(-100), null);
        await Room(channel, "RM", null, null);
        await Stay(channel, "RM", "PA_1", "viewer:ann", now.AddSeconds(-50), null);
        await Stay(channel, "RM", "PA_2", "viewer:ben", now.AddSeconds(-90), now.AddSeconds(-40));
        await Stay(channel, "RM", "PA_3", "viewer:eve", now.AddSeconds(1000), null); // by a clock that is ahead

        var (peak, average) = (await _audiences.Of([session], default))[session];
        Assert.Equal(2, peak);
        Assert.InRange(average, 1.0, 1.03); // (50 + 50) of 100 seconds, and some more meanwhile
        Assert.Equal(0, await _audiences.Settle(default));
        Assert.Equal(new Audience(0, 0), (await _audiences.Of([channel], default))[channel]); // there is no such session
    }

    private async Task Matches(Dictionary<Guid, Audience> expected, int seed)
    {
        var counted = await _audiences.Of(expected.Keys, default);
        foreach (var (session, audience) in expected)
        {
            Assert.True(audience.Peak == counted[session].Peak, $"Seed {seed}: at most {counted[session].Peak} instead of {audience.Peak}");
            Assert.True(Math.Abs(audience.Average - counted[session].Average) < 0.0001, $"Seed {seed}: {counted[session].Average} on average instead of {audience.Average}");
        }
    }

    private async Task<Guid> Tell(Evening evening)
    {
        var (channel, session) = (await _database.NewChannel(), Guid.CreateVersion7());
        await Session(channel.Id, session, At(evening.Segments.Min(s => s.From)), At(evening.Segments.Max(s => s.To)));
        foreach (var (from, to) in evening.Segments) await Segment(channel.Id, session, At(from), At(to));
        foreach (var room in evening.Rooms) await Room(channel.Id, $"{session} {room.Name}", room.OpenedAgain is { } again ? At(again) : null, room.Closed is { } closed ? At(closed) : null);
        foreach (var (stay, i) in evening.Stays.Select((s, i) => (s, i)))
            await Stay(
                channel.Id, $"{session} {stay.Room.Name}", $"PA_{session}_{i}", stay.Person == "owner" ? $"viewer:{channel.UserId}" : $"viewer:{stay.Person}", At(stay.Joined),
                stay.Left is { } left ? At(left) : null, stay.Missing is { } missing ? At(missing) : null, stay.Seen is { } seen ? At(seen) : null, stay.Role);
        return session;
    }

    private static DateTimeOffset At(int second) => Zero.AddSeconds(second);

    private Task Session(Guid channel, Guid id, DateTimeOffset from, DateTimeOffset? to) => Execute(
        "insert into sessions (id, channel_id, started_at, media_ended_at, reconnect_until, reconnect_window_seconds) values (@id, @channel, @from, @to, @to, 0)",
        new("id", id), new("channel", channel), new("from", from), Maybe("to", to));

    private Task Segment(Guid channel, Guid session, DateTimeOffset from, DateTimeOffset? to) => Execute(
        "insert into ingest_segments (resource_id, channel_id, source, session_id, started_at, ended_at, is_displaced) values (@id, @channel, 'Ingress', @session, @from, @to, false)",
        new("id", $"{Guid.CreateVersion7()}"), new("channel", channel), new("session", session), new("from", from), Maybe("to", to));

    private Task Room(Guid channel, string sid, DateTimeOffset? openedAgain, DateTimeOffset? closed) => Execute(
        "insert into room_sessions (room_sid, channel_id, started_at, finished_at) values (@sid, @channel, @from, @to)",
        new("sid", sid), new("channel", channel), Maybe("from", openedAgain), Maybe("to", closed));

    private Task Stay(
        Guid channel, string room, string sid, string person, DateTimeOffset joined, DateTimeOffset? left, DateTimeOffset? missing = null, DateTimeOffset? seen = null, string role = "Viewer") =>
        Execute(
            "insert into presences (participant_sid, room_sid, channel_id, role, person, joined_at, left_at, missing_at, seen_at) values (@sid, @room, @channel, @role, @person, @joined, @left, @missing, @seen)",
            new("sid", sid), new("room", room), new("channel", channel), new("role", role), new("person", person), new("joined", joined), Maybe("left", left), Maybe("missing", missing), Maybe("seen", seen));

    private static NpgsqlParameter Maybe(string name, DateTimeOffset? time) => new NpgsqlParameter<DateTimeOffset?>(name, time);

    private async Task Execute(string sql, params NpgsqlParameter[] parameters)
    {
        await using var command = _database.Source.CreateCommand(sql);
        command.Parameters.AddRange(parameters);
        await command.ExecuteNonQueryAsync();
    }

    /// <param name="OpenedAgain">LiveKit was restarted: whoever was in it before is not any more.</param>
    private sealed record Place(string Name, int? OpenedAgain, int? Closed);

    private sealed record Visit(Place Room, string Person, string Role, int Joined, int? Left, int? Missing, int? Seen)
    {
        public bool Covers(int second) =>
            second >= Joined && second < (Left ?? (Missing is { } missing && !(Seen > missing) ? missing : int.MaxValue)) && second < (Room.Closed ?? int.MaxValue)
            && !(Room.OpenedAgain is { } again && Joined < again && second >= again);
    }

    /// <summary>A session in whole seconds: what was on the air, the rooms, and who was in them.</summary>
    private sealed record Evening(IReadOnlyList<(int From, int To)> Segments, IReadOnlyList<Place> Rooms, IReadOnlyList<Visit> Stays)
    {
        private const int Length = 300;

        private static readonly string[] People = ["ann", "ben", "eve", "dan", "owner"];

        public static Evening Random(Random random)
        {
            int? Perhaps(int from) => random.Next(2) == 0 ? null : random.Next(from, Length);
            var segments = Enumerable.Range(0, random.Next(1, 5)).Select(_ => random.Next(Length)).Select(from => (from, random.Next(from, Length) + 1)).ToList();
            var rooms = Enumerable.Range(0, random.Next(1, 4)).Select(i => new Place($"RM_{i}", random.Next(4) == 0 ? random.Next(Length) : null, Perhaps(1))).ToList();
            var stays = Enumerable.Range(0, random.Next(0, 25)).Select(_ =>
            {
                var joined = random.Next(Length);
                return new Visit(
                    rooms[random.Next(rooms.Count)], People[random.Next(People.Length)], random.Next(6) == 0 ? "Host" : "Viewer", joined, Perhaps(joined), Perhaps(joined), Perhaps(joined));
            }).ToList();
            return new Evening(segments, rooms, stays);
        }

        public Audience CountEverySecond()
        {
            var onAir = Enumerable.Range(0, Length + 1).Where(second => Segments.Any(s => second >= s.From && second < s.To)).ToList();
            var watching = onAir.Select(second => Stays.Where(s => s is { Role: "Viewer", Person: not "owner" } && s.Covers(second)).Select(s => s.Person).Distinct().Count()).ToList();
            return new Audience(watching.Max(), watching.Average());
        }
    }
}
