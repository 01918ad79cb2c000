namespace Streaming.Core.Sessions;

/// <summary>What became of a channel's sessions between two derivations: the entries of the timeline.</summary>
public static class SessionHistory
{
    /// <param name="before">The sessions as they were, of those that the timeline covers.</param>
    /// <param name="after">What the facts imply now.</param>
    /// <param name="segments">The facts.</param>
    public static IEnumerable<Change> Between(IReadOnlyDictionary<Guid, DerivedSession> before, Timeline after, IReadOnlyList<SegmentFacts> segments)
    {
        var endOf = after.Ends.ToDictionary(e => e.ResourceId);
        foreach (var segment in segments)
            if (endOf[segment.ResourceId] is { ReplacedBy: { } newcomer, SessionId: { } session } end && newcomer != segment.ReplacedBy)
                yield return new Change(session, Transition.Takeover, end.EndedAt!.Value, end.Reason) { Subject = segment.ResourceId, ReplacedBy = newcomer };

        foreach (var now in after.Sessions)
        {
            var isKnown = before.TryGetValue(now.Id, out var was);
            if (now.ContestedAt is { } contested && !(was.ContestedAt >= now.ContestBeganAt)) yield return new Change(now.Id, Transition.Contested, contested, EndReasons.KeyContested);
            if (!isKnown)
            {
                yield return new Change(now.Id, Transition.Started, now.StartedAt, null);
                if (now.MediaEndedAt is not null) yield return Stop(now);
                continue;
            }

            if (now.StartedAt != was.StartedAt) yield return new Change(now.Id, Transition.Revised, now.StartedAt, null);
            if (now.MediaEndedAt == was.MediaEndedAt)
            {
                if (now.ReconnectUntil < was.ReconnectUntil) yield return new Change(now.Id, Transition.Ended, now.ReconnectUntil.Value, now.EndReason);
                continue;
            }

            if (was.MediaEndedAt is { } stopped)
            {
                var again = segments.Where(s => endOf[s.ResourceId].SessionId == now.Id && s.StartedAt > stopped).Select(s => s.StartedAt).DefaultIfEmpty(stopped).Min();
                if (now.MediaEndedAt is { } moved && again == stopped)
                {
                    yield return new Change(now.Id, Transition.Revised, moved, now.EndReason);
                    continue;
                }

                yield return new Change(now.Id, Transition.Resumed, again, null);
            }

            if (now.MediaEndedAt is not null) yield return Stop(now);
        }

        foreach (var gone in before.Values.Where(s => after.Sessions.All(now => now.Id != s.Id)))
            yield return new Change(gone.Id, Transition.Merged, gone.StartedAt, null);
    }

    private static Change Stop(DerivedSession session) => session.ReconnectUntil > session.MediaEndedAt
        ? new Change(session.Id, Transition.Dropped, session.MediaEndedAt!.Value, session.EndReason)
        : new Change(session.Id, Transition.Ended, session.MediaEndedAt!.Value, session.EndReason);
}

/// <summary>One entry of the timeline.</summary>
public readonly record struct Change(Guid SessionId, Transition Transition, DateTimeOffset At, string? Reason)
{
    /// <summary>What it speaks of within the session.</summary>
    public string? Subject { get; init; }

    /// <summary>Of a takeover: the segment that took the subject's place.</summary>
    public string? ReplacedBy { get; init; }
}
