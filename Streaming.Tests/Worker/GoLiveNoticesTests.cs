using System.Globalization;
using Npgsql;
using Streaming.Core.Social;
using Streaming.Core.Streams;
using Streaming.Core.Viewers;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Worker;

/// <summary>Who is told that somebody went live, and how often: once.</summary>
public sealed class GoLiveNoticesTests : IAsyncLifetime
{
    private TestDatabase _database = null!;
    private GoLiveNotices _notices = null!;

    public async Task InitializeAsync()
    {
        _database = await TestDatabase.NewAsync();
        _notices = new GoLiveNotices(_database.Source);
    }

    public async Task DisposeAsync() => await _database.DisposeAsync();

    [Fact]
    public async Task Followers_are_told_once_when_media_has_arrived_for_ten_seconds()
    {
        var channel = await Followed(3);
        var session = await Live(channel, (-3, null));
        await Tell();
        Assert.Empty(await Told(channel));

        await Execute("update ingest_segments set started_at = started_at - interval '7 seconds'; update sessions set started_at = started_at - interval '7 seconds'");
        await Tell();
        Assert.Equal(["f0", "f1", "f2"], await Told(channel));
        Assert.Equal(
            [$"{session} | {channel.UserId} | Untitled stream"],
            await _database.Rows("select body->>'sessionId', body->>'userId', body->>'title' from updates where type = 'notice.live' and user_id = @u", new NpgsqlParameter("u", Name(channel, 0))));

        // A drop and its end, and whatever else the ingest does, are the same broadcast.
        await Execute($"update ingest_segments set ended_at = now(); update sessions set media_ended_at = now(), reconnect_until = now() + interval '1 minute' where id = '{session}'");
        await Tell();
        await Segment(channel, session, -1, null);
        await Execute($"update sessions set media_ended_at = null, reconnect_until = null where id = '{session}'");
        await Tell();
        Assert.Equal(["f0", "f1", "f2"], await Told(channel));
        Assert.Equal(["1"], await _database.Rows("select count(*) from notice_fan_outs"));
    }

    [Fact]
    public async Task Short_tries_add_up_and_what_is_cut_off_before_calls_nobody()
    {
        var (tried, added) = (await Followed(1), await Followed(1));
        await Live(tried, (-100, -98), (-50, -48), (-1, null));
        await Live(added, (-100, -94), (-50, -46), (-1, null));
        await Tell();
        Assert.Equal((0, 1), ((await Told(tried)).Count, (await Told(added)).Count));
    }

    [Theory]
    [InlineData(Visibility.Public, true)]
    [InlineData(Visibility.Followers, true)]
    [InlineData(Visibility.Unlisted, false)]
    [InlineData(Visibility.Private, false)]
    [InlineData(Visibility.Test, false)]
    public async Task Followers_are_told_of_what_they_may_find(Visibility visibility, bool areTold)
    {
        var channel = await Followed(1);
        await Execute($"update channels set visibility = '{visibility}' where id = '{channel.Id}'");
        await Live(channel, (-60, null));
        await Tell();
        Assert.Equal(areTold ? 1 : 0, (await Told(channel)).Count);

        if (areTold) return;
        await Execute($"update channels set visibility = 'Public' where id = '{channel.Id}'"); // now everybody may
        await Tell();
        Assert.Single(await Told(channel));
    }

    [Fact]
    public async Task The_muted_the_blocked_the_banned_and_those_who_come_later_are_not_told_and_nobody_of_a_suspended_creator()
    {
        var (channel, suspended) = (await Followed(8), await Followed(1));
        var relations = new Relations(_database.Source, TimeProvider.System);
        var creator = channel.UserId;
        Assert.Equal(false, (await relations.Follow(Name(channel, 1), creator, notify: false, default))?.Notify);
        Assert.Equal(false, (await relations.Follow(Name(channel, 1), creator, notify: null, default))?.Notify); // asks for no change
        await relations.Follow(Name(channel, 2), creator, notify: false, default);
        await relations.Follow(Name(channel, 2), creator, notify: true, default);
        await relations.Block(creator, Name(channel, 3), default);
        await relations.Block(Name(channel, 4), creator, default);
        foreach (var (number, scope, until) in new[] { (5, BanScope.Stream, "infinity"), (6, BanScope.Chat, "infinity"), (7, BanScope.Stream, "yesterday") })
            await Execute($"insert into bans (channel_id, person, user_id, scope, banned_by, banned_at, until) values ('{channel.Id}', 'viewer:{Name(channel, number)}', '{Name(channel, number)}', '{scope}', '{creator}', now(), '{until}')");
        await Execute($"insert into suspensions (id, user_id, reason, suspended_by, suspended_at, until) values ('{Guid.CreateVersion7()}', '{suspended.UserId}', 'A test.', 'admin', now(), 'infinity')");
        await Live(channel, (-60, null));
        await Live(suspended, (-60, null));
        await _notices.Open(default);
        await NewFollower(channel, 9, when: "now() + interval '1 second'"); // he knows already
        await Tell();
        Assert.Equal(["f0", "f2", "f6", "f7"], await Told(channel));
        Assert.Empty(await Told(suspended));
    }

    [Fact]
    public async Task A_session_into_which_one_that_was_told_is_merged_is_not_told_again_but_the_next_one_is()
    {
        var channel = await Followed(1);
        var later = await Live(channel, (-30, null));
        await Tell();
        var whole = await Live(channel, (-50, -48)); // a fact that came late: it had begun before
        await Execute($"update ingest_segments set session_id = '{whole}'; delete from sessions where id = '{later}'");
        await Tell();
        Assert.Single(await Told(channel));

        await Execute($"update ingest_segments set ended_at = now() - interval '15 seconds' where ended_at is null; update sessions set media_ended_at = now() - interval '15 seconds', reconnect_until = now() - interval '15 seconds' where id = '{whole}'");
        await Live(channel, (-12, null));
        await Tell();
        Assert.Equal(["f0", "f0"], await Told(channel));
    }

    [Fact]
    public async Task Pieces_are_bounded_and_those_who_wait_come_in_turn_and_two_workers_at_once_tell_each_follower_once()
    {
        var (large, small) = (await Followed(100), await Followed(5));
        await Live(large, (-60, null));
        await Live(small, (-60, null));
        await _notices.Open(default);
        Assert.Equal(10, await _notices.TellSome(10, default) + await _notices.TellSome(10, default) - 5); // ten of the one, and all five of the other
        Assert.Equal((10, 5), ((await Told(large)).Count, (await Told(small)).Count));

        await Task.WhenAll(Enumerable.Range(0, 4).Select(async _ =>
        {
            for (var i = 0; i < 20; i++) await _notices.TellSome(7, default);
        }));
        Assert.Equal(100, (await Told(large)).Count);
        Assert.Equal(["100 | True | 0", "5 | True | 0"], await _database.Rows("select told, closed_at is not null, length(position) from notice_fan_outs order by told desc"));
        Assert.Null(await _notices.TellSome(7, default));
    }

    [Fact]
    public async Task Nobody_is_told_any_more_of_a_broadcast_that_is_over_or_hidden_meanwhile()
    {
        var (over, hidden) = (await Followed(10), await Followed(10));
        await Live(over, (-60, null));
        await Live(hidden, (-60, null));
        await _notices.Open(default);
        for (var i = 0; i < 2; i++) await _notices.TellSome(5, default);
        await Execute($"update sessions set media_ended_at = now(), reconnect_until = now() where channel_id = '{over.Id}'; update channels set visibility = 'Private' where id = '{hidden.Id}'");
        await Tell();
        Assert.Equal((5, 5), ((await Told(over)).Count, (await Told(hidden)).Count));

        await Execute($"update channels set visibility = 'Public' where id = '{hidden.Id}'");
        await Tell();
        Assert.Equal((5, 10), ((await Told(over)).Count, (await Told(hidden)).Count));
        Assert.Equal(["0"], await _database.Rows("select count(*) from notice_fan_outs where closed_at is null"));
    }

    [Fact]
    public async Task A_worker_killed_in_the_middle_leaves_nobody_out_and_nobody_told_twice()
    {
        const int followers = 600;
        await using var system = await TestSystem.StartAsync(new Dictionary<string, string> { ["Notifying__BatchSize"] = "10", ["Notifying__Pause"] = "00:00:00.080" });
        var (creator, room) = await system.NewLiveChannel();
        await Run(system.Database, $"""
            insert into users (id, created_at) select 'follower-' || n, now() from generate_series(1, {followers}) n;
            insert into follows (follower_id, followee_id, followed_at) select 'follower-' || n, '{creator.UserId}', now() from generate_series(1, {followers}) n;
            update ingest_segments set started_at = started_at - interval '10 seconds' where channel_id = '{room}';
            update sessions set started_at = started_at - interval '10 seconds' where channel_id = '{room}'
            """);
        for (var kills = 1; kills <= 2; kills++)
        {
            var enough = kills * followers / 4;
            await Eventually.True(async () => await Notices() >= enough, TimeSpan.FromSeconds(20));
            await system.Worker.KillAsync();
            Assert.InRange(await Notices(), enough, followers - 1); // in the middle, indeed
            await system.StartWorkerAsync();
        }

        await Eventually.Equal(followers, Notices, TimeSpan.FromSeconds(30));
        await Eventually.Equal($"{followers} | True", async () => (await system.Database.Rows("select told, closed_at is not null from notice_fan_outs"))[0]);
        Assert.Equal([$"{followers}"], await system.Database.Rows("select count(distinct user_id) from notices"));
        Assert.Equal([$"{followers} | {followers}"], await system.Database.Rows("select count(*), count(distinct user_id) from updates where type = 'notice.live'")); // nor by their live updates

        async Task<int> Notices() => int.Parse((await system.Database.Rows("select count(*) from notices"))[0], CultureInfo.InvariantCulture);
    }

    /// <summary>As the worker does each second, until there is nobody left to tell.</summary>
    private async Task Tell()
    {
        await _notices.Close(default);
        await _notices.Open(default);
        while (await _notices.TellSome(3, default) is not null) { }
    }

    private async Task<Channel> Followed(int followers)
    {
        var channel = await _database.NewChannel();
        for (var i = 0; i < followers; i++) await NewFollower(channel, i);
        return channel;
    }

    private static string Name(Channel channel, int number) => $"f{number} of {channel.Id}";

    private Task NewFollower(Channel channel, int number, string when = "now() - interval '1 day'") => Execute(
        $"insert into users (id, created_at) values ('{Name(channel, number)}', now()); insert into follows (follower_id, followee_id, followed_at) values ('{Name(channel, number)}', '{channel.UserId}', {when})");

    private async Task<IReadOnlyList<string>> Told(Channel channel) =>
        await _database.Rows("select split_part(user_id, ' ', 1) from notices where channel_id = @c order by user_id", new NpgsqlParameter("c", channel.Id));

    /// <summary>A session on the air in these seconds before now; null for one that goes on.</summary>
    private async Task<Guid> Live(Channel channel, params (int From, int? To)[] segments)
    {
        var session = Guid.CreateVersion7();
        await Execute($"insert into sessions (id, channel_id, started_at, reconnect_window_seconds) values ('{session}', '{channel.Id}', now() + interval '{segments[0].From} seconds', 60)");
        foreach (var (from, to) in segments) await Segment(channel, session, from, to);
        return session;
    }

    private Task Segment(Channel channel, Guid session, int from, int? to) => Execute($"""
        insert into ingest_segments (resource_id, channel_id, source, session_id, started_at, ended_at, is_displaced)
        values ('{Guid.CreateVersion7()}', '{channel.Id}', 'Ingress', '{session}', now() + interval '{from} seconds', {(to is { } end ? $"now() + interval '{end} seconds'" : "null")}, false)
        """);

    private Task Execute(string sql) => Run(_database, sql);

    private static async Task Run(TestDatabase database, string sql)
    {
        await using var command = database.Source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
