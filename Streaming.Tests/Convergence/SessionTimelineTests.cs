using Streaming.Core.Sessions;

namespace Streaming.Tests.Convergence;

public sealed class SessionTimelineTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 23, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_contest_became_one_with_its_fourth_takeover_however_many_follow()
    {
        var takeovers = Enumerable.Range(0, 8).Select(i => DateTimeOffset.UnixEpoch.AddSeconds(i * 10)).ToList();
        Assert.Equal(new Contest(takeovers[0], takeovers[3], takeovers[7]), Contest.Latest(takeovers));
        Assert.Null(Contest.Latest(takeovers.Take(3)));
    }

    [Fact]
    public void Twenty_drops_within_the_window_are_one_session()
    {
        var segments = Enumerable.Range(0, 20).Select(i => Segment($"RT_{i}", startAt: i * 100, stopAt: (i * 100) + 41 + i % 59)).ToList();
        var session = Assert.Single(Derive(segments).Sessions);
        Assert.Equal(Noon, session.StartedAt);
        Assert.Equal(At(1900 + 41 + 19), session.MediaEndedAt);
    }

    [Fact]
    public void A_segment_after_the_window_is_another_session()
    {
        var sessions = Derive([Segment("RT_1", 0, stopAt: 10), Segment("RT_2", 71)]).Sessions;
        Assert.Equal([At(10), null], sessions.Select(s => s.MediaEndedAt));
        Assert.Equal([At(70), null], sessions.Select(s => s.ReconnectUntil));
    }

    [Fact]
    public void A_segment_at_the_very_end_of_the_window_still_belongs_to_the_session() =>
        Assert.Single(Derive([Segment("RT_1", 0, stopAt: 10), Segment("RT_2", 70)]).Sessions);

    [Fact]
    public void A_session_keeps_the_window_it_began_with()
    {
        var session = Guid.CreateVersion7();
        var timeline = SessionTimeline.Derive(
            [Segment("RT_1", 0, stopAt: 10) with { SessionId = session }, Segment("RT_2", 100)], new Dictionary<Guid, int> { [session] = 300 }, reconnectWindowSeconds: 60);
        Assert.Equal((session, 300), Assert.Single(timeline.Sessions.Select(s => (s.Id, s.ReconnectWindowSeconds))));
    }

    [Fact]
    public void Nobody_reconnects_with_a_deleted_key()
    {
        var gone = Segment("RT_1", 0, stopAt: 10) with { IngressDeletedAt = At(20) };
        Assert.Equal(At(20), Assert.Single(Derive([gone]).Sessions).ReconnectUntil);
        Assert.Equal(2, Derive([gone, Segment("RT_2", 30)]).Sessions.Count);
        Assert.Single(Derive([gone, Segment("RT_2", 15)]).Sessions); // before the deletion the drop was only a drop
    }

    [Fact]
    public void Deleting_the_key_of_a_live_stream_ends_it()
    {
        var session = Assert.Single(Derive([Segment("RT_1", 0) with { IngressDeletedAt = At(20) }]).Sessions);
        Assert.Equal((At(20), EndReasons.IngressDeleted, At(20)), (session.MediaEndedAt, session.EndReason, session.ReconnectUntil));
    }

    [Fact]
    public void Deleting_a_key_long_after_a_takeover_changes_nothing_of_it()
    {
        var ends = Derive([Segment("RT_1", 0) with { IngressDeletedAt = At(7200) }, Segment("RT_2", 50) with { IngressDeletedAt = At(7200) }]).Ends;
        Assert.Equal([(At(50), EndReasons.TakenOver), (At(7200), EndReasons.IngressDeleted)], ends.Select(e => (e.EndedAt, e.Reason)));
    }

    [Fact]
    public void What_a_deleted_key_published_ends_with_it_and_not_when_the_next_key_is_used() =>
        Assert.Equal([At(20), null], Derive([Segment("RT_1", 0) with { IngressDeletedAt = At(20) }, Segment("RT_2", 500) with { IngressId = "IN_2" }]).Ends.Select(e => e.EndedAt));

    [Fact]
    public void A_takeover_keeps_the_session_and_ends_the_older_segment()
    {
        var timeline = Derive([Segment("RT_1", 0), Segment("RT_2", 50)]);
        Assert.Null(Assert.Single(timeline.Sessions).MediaEndedAt);
        Assert.Equal([(At(50), EndReasons.TakenOver), (null, null)], timeline.Ends.Select(e => (e.EndedAt, e.Reason)));
    }

    [Fact]
    public void The_end_of_the_newer_publisher_does_not_bring_the_older_back()
    {
        var displaced = Segment("RT_1", 0) with { LeftAt = At(50), IsDisplaced = true };
        Assert.Equal(At(80), Assert.Single(Derive([displaced, Segment("RT_2", 50, stopAt: 80)]).Sessions).MediaEndedAt);
    }

    [Fact]
    public void A_publisher_that_ended_before_and_whose_clock_is_ahead_takes_nothing_over() =>
        Assert.Null(Assert.Single(Derive([Segment("RT_ahead", 300, stopAt: 310), Segment("RT_live", 20)]).Sessions).MediaEndedAt);

    [Fact]
    public void A_displaced_publisher_whose_clock_is_ahead_takes_nothing_over()
    {
        var displaced = Segment("RT_ahead", 300) with { LeftAt = At(60), IsDisplaced = true };
        Assert.Null(Assert.Single(Derive([displaced, Segment("RT_live", 50)]).Sessions).MediaEndedAt);
    }

    [Fact]
    public void A_browser_beside_an_encoder_is_no_takeover()
    {
        var browser = Segment("PA_1", 50) with { Source = SegmentSource.Browser };
        Assert.All(Derive([Segment("RT_1", 0), browser]).Ends, end => Assert.Null(end.EndedAt));
    }

    [Fact]
    public void The_id_of_a_session_is_the_same_whoever_derives_it_and_sorts_by_time()
    {
        var first = Derive([Segment("RT_1", 0)]).Sessions[0].Id;
        Assert.Equal(first, Derive([Segment("RT_1", 0)]).Sessions[0].Id);
        Assert.Equal(7, first.Version);
        Assert.True(string.CompareOrdinal($"{first}", $"{Derive([Segment("RT_2", 1)]).Sessions[0].Id}") < 0);
    }

    [Fact]
    public void An_earlier_segment_that_becomes_known_late_does_not_change_the_sessions_id()
    {
        var id = Guid.CreateVersion7();
        var timeline = SessionTimeline.Derive(
            [Segment("RT_2", 20) with { SessionId = id }, Segment("RT_1", 0, stopAt: 10)], new Dictionary<Guid, int> { [id] = 60 }, reconnectWindowSeconds: 60);
        Assert.Equal((id, Noon), Assert.Single(timeline.Sessions.Select(s => (s.Id, s.StartedAt))));
    }

    [Fact]
    public void When_a_late_end_splits_a_session_each_part_has_an_id_and_the_newer_keeps_the_one_it_had()
    {
        var alone = Assert.Single(Derive([Segment("RT_new", 2000)]).Sessions).Id;
        var known = new Dictionary<Guid, int> { [alone] = 60 };
        var older = Segment("RT_old", 0);
        var merged = SessionTimeline.Derive([older, Segment("RT_new", 2000) with { SessionId = alone }], known, 60); // no end of the older is known yet
        Assert.Equal(alone, Assert.Single(merged.Sessions).Id);

        var split = SessionTimeline.Derive(
            [older with { SessionId = alone, StoppedAt = At(10) }, Segment("RT_new", 2000) with { SessionId = alone }], known, 60);
        Assert.Equal(2, split.Sessions.Select(s => s.Id).Distinct().Count());
        Assert.Equal(alone, split.Sessions[1].Id);
    }

    [Fact]
    public void However_facts_become_known_no_two_sessions_share_an_id()
    {
        for (var seed = 0; seed < 2000; seed++)
        {
            var random = new Random(seed);
            var all = Enumerable.Range(0, 5).Select(i => Segment($"RT_{i}", i * 50, stopAt: (i * 50) + random.Next(1, 120))).ToArray();
            var (seen, known) = (new Dictionary<string, SegmentFacts>(), new Dictionary<Guid, int>());
            foreach (var fact in all.Concat(all.Select(s => s with { StoppedAt = null })).OrderBy(_ => random.Next()))
            {
                var before = seen.GetValueOrDefault(fact.ResourceId);
                seen[fact.ResourceId] = fact with { StoppedAt = fact.StoppedAt ?? before?.StoppedAt, SessionId = before?.SessionId };
                var timeline = SessionTimeline.Derive([.. seen.Values], known, reconnectWindowSeconds: 10);
                Assert.Equal(timeline.Sessions.Count, timeline.Sessions.Select(s => s.Id).Distinct().Count());
                foreach (var end in timeline.Ends) seen[end.ResourceId] = seen[end.ResourceId] with { SessionId = end.SessionId };
                known = timeline.Sessions.ToDictionary(s => s.Id, s => s.ReconnectWindowSeconds);
            }
        }
    }

    [Fact]
    public void What_is_on_the_air_at_a_cutoff_ends_with_it_and_nobody_continues_the_session()
    {
        var timeline = Derive([Off(Segment("RT_1", 0), at: 20), Segment("RT_2", 25)]);
        Assert.Equal([(At(20), EndReasons.EndedByCreator, At(20)), (null, null, null)], timeline.Sessions.Select(s => (s.MediaEndedAt, s.EndReason, s.ReconnectUntil)));
    }

    [Fact]
    public void A_cutoff_while_reconnecting_closes_the_session_and_leaves_the_moment_at_which_media_stopped()
    {
        var session = Assert.Single(Derive([Off(Segment("RT_1", 0, stopAt: 10), at: 20)]).Sessions);
        Assert.Equal((At(10), EndReasons.EndedByCreator, At(20)), (session.MediaEndedAt, session.EndReason, session.ReconnectUntil));
    }

    [Fact]
    public void A_session_that_was_over_before_a_cutoff_keeps_its_reason() =>
        Assert.Equal(EndReasons.Stopped, Assert.Single(Derive([Off(Segment("RT_1", 0, stopAt: 10), at: 71)]).Sessions).EndReason);

    [Fact]
    public void What_begins_while_the_channel_is_kept_off_the_air_is_no_broadcast()
    {
        var timeline = Derive([Off(Segment("RT_1", 0), at: 20), Off(Segment("RT_2", 25), at: 20)]);
        Assert.Equal(At(20), Assert.Single(timeline.Sessions).MediaEndedAt);
        Assert.Equal((At(25), EndReasons.EndedByCreator, null), timeline.Ends.Where(e => e.ResourceId == "RT_2").Select(e => (e.EndedAt, e.Reason, e.SessionId)).Single());
    }

    [Fact]
    public void A_takeover_names_who_came_and_who_went_once()
    {
        SegmentFacts[] segments = [Segment("RT_1", 0), Segment("RT_2", 50)];
        var timeline = Derive(segments);
        var change = Assert.Single(SessionHistory.Between(new Dictionary<Guid, DerivedSession>(), timeline, segments), c => c.Transition == Transition.Takeover);
        Assert.Equal(("RT_1", "RT_2", At(50)), (change.Subject, change.ReplacedBy, change.At));

        var known = timeline.Sessions.ToDictionary(s => s.Id);
        Assert.Empty(SessionHistory.Between(known, timeline, [segments[0] with { ReplacedBy = "RT_2" }, segments[1]]));
    }

    [Theory]
    [InlineData(false, 10, 20, 30)]
    [InlineData(true, 10, 20, 30, 40)]
    [InlineData(true, 10, 20, 30, 69)]
    [InlineData(false, 10, 20, 30, 71)]
    [InlineData(false, 10, 40, 70, 100, 130, 160)]
    public void More_than_three_takeovers_within_a_minute_are_a_contest(bool isContest, params int[] takeovers) =>
        Assert.Equal(isContest, Contest.Latest(takeovers.Select(t => At(t))) is not null);

    [Fact]
    public void A_contest_is_said_once_as_long_as_it_lasts_whatever_becomes_known_in_which_order()
    {
        var all = Enumerable.Range(0, 12).Select(i => Segment($"RT_{i:00}", i * 10)).Concat(Enumerable.Range(0, 6).Select(i => Segment($"RT_later_{i:00}", 1000 + (i * 10)))).ToArray();
        for (var seed = 0; seed < 200; seed++)
        {
            var (known, seen, said) = (new Dictionary<Guid, DerivedSession>(), new List<SegmentFacts>(), 0);
            foreach (var segment in seed == 0 ? all : [.. all.OrderBy(s => s.StartedAt.AddSeconds(new Random(seed + s.ResourceId.GetHashCode(StringComparison.Ordinal)).Next(45)))])
            {
                seen.Add(segment);
                var timeline = SessionTimeline.Derive(seen, known.ToDictionary(s => s.Key, s => s.Value.ReconnectWindowSeconds), reconnectWindowSeconds: 60);
                said += SessionHistory.Between(known, timeline, seen).Count(c => c.Transition == Transition.Contested);
                known = timeline.Sessions.ToDictionary(s => s.Id);
                seen = [.. seen.Select(s => timeline.Ends.Single(e => e.ResourceId == s.ResourceId) is var end ? s with { SessionId = end.SessionId, ReplacedBy = end.ReplacedBy } : s)];
            }

            Assert.Equal(2, said);
        }
    }

    private static SegmentFacts Off(SegmentFacts segment, int at) => segment with { OffAt = At(at), OffReason = EndReasons.EndedByCreator };

    private static Timeline Derive(IReadOnlyList<SegmentFacts> segments) => SessionTimeline.Derive(segments, new Dictionary<Guid, int>(), reconnectWindowSeconds: 60);

    private static SegmentFacts Segment(string id, int startAt, int? stopAt = null) =>
        new(id, SegmentSource.Ingress, "IN_1", At(startAt), stopAt is { } stop ? At(stop) : null, null, false, null, null, null, null, null);

    private static DateTimeOffset At(int seconds) => Noon.AddSeconds(seconds);
}
