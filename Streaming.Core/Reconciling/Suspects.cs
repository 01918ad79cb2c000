using Streaming.Core.Sessions;

namespace Streaming.Core.Reconciling;

/// <summary>
/// Contradictions that were seen and must be seen again: an end at a second look some time later, since ending somebody's broadcast
/// by mistake is the worst that can happen; a beginning soon, since a webhook may just be on its way.
/// </summary>
/// <param name="startAfter">The time between two looks that show a beginning.</param>
/// <param name="endAfter">The time between two looks that show an end, or contradict a webhook.</param>
public sealed class Suspects(TimeSpan startAfter, TimeSpan endAfter)
{
    private readonly Dictionary<(CorrectionKind, Guid, string, string?), (Difference Difference, DateTimeOffset FirstSeenAt)> _suspects = [];

    /// <summary>When the next of them can be confirmed; null when there are none.</summary>
    public DateTimeOffset? DueAt => _suspects.Count == 0 ? null : _suspects.Values.Min(s => s.FirstSeenAt + Wait(s.Difference));

    /// <summary>The channels of those that can be confirmed by then.</summary>
    public IReadOnlyList<Guid> ChannelsDue(DateTimeOffset by) =>
        [.. _suspects.Values.Where(s => s.FirstSeenAt + Wait(s.Difference) <= by).Select(s => s.Difference.ChannelId).Distinct()];

    /// <summary>
    /// Takes in what a look showed and gives what is now certain. Suspects of a channel that was looked at and did not show them again
    /// are dropped; those of a channel that could not be looked at stay as they are.
    /// </summary>
    public IReadOnlyList<Confirmed> Confirm(IReadOnlyCollection<Difference> seen, IReadOnlySet<Guid> lookedAt, DateTimeOffset at)
    {
        var again = seen.Select(d => d.Key).ToHashSet();
        foreach (var (key, suspect) in _suspects.Where(s => lookedAt.Contains(s.Value.Difference.ChannelId) && !again.Contains(s.Key)).ToList()) _suspects.Remove(key);

        var confirmed = new List<Confirmed>();
        foreach (var difference in seen)
        {
            if (!_suspects.TryGetValue(difference.Key, out var suspect))
            {
                _suspects[difference.Key] = (difference, at);
            }
            else if (at - suspect.FirstSeenAt >= Wait(difference))
            {
                confirmed.Add(new Confirmed(difference, suspect.FirstSeenAt, at));
                _suspects.Remove(difference.Key);
            }
        }

        return confirmed;
    }

    private TimeSpan Wait(Difference difference) =>
        difference.Kind is CorrectionKind.SegmentEnded or CorrectionKind.ParticipantLeft || difference.ContradictsLiveKit ? endAfter : startAfter;
}

/// <param name="FirstSeenAt">The look that first showed it.</param>
/// <param name="At">The look that confirmed it.</param>
public sealed record Confirmed(Difference Difference, DateTimeOffset FirstSeenAt, DateTimeOffset At);
