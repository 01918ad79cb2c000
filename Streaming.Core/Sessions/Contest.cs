namespace Streaming.Core.Sessions;

/// <summary>
/// Several publishers that fight over one key: each takes over, and is taken over when the other's software reconnects. More than three
/// takeovers within a minute are a contest, and it lasts until there was none for a minute.
/// </summary>
/// <param name="BeganAt">Its first takeover.</param>
/// <param name="BecameAt">The takeover that made it one.</param>
/// <param name="LastAt">Its last so far.</param>
public readonly record struct Contest(DateTimeOffset BeganAt, DateTimeOffset BecameAt, DateTimeOffset LastAt)
{
    /// <summary>So many takeovers within <see cref="Within"/> are still an encoder that was moved, or a bad connection.</summary>
    public const int TakeoversAllowed = 3;

    public static readonly TimeSpan Within = TimeSpan.FromSeconds(60);

    /// <summary>The latest contest among these takeovers; null when there was none.</summary>
    public static Contest? Latest(IEnumerable<DateTimeOffset> takeovers)
    {
        var times = takeovers.Order().ToList();
        Contest? latest = null;
        var first = 0; // of those that follow each other within the minute
        for (var i = 0; i < times.Count; i++)
        {
            if (i > 0 && times[i] - times[i - 1] > Within) first = i;
            if (latest is { } known && known.BeganAt == times[first]) latest = known with { LastAt = times[i] };
            else if (i - first >= TakeoversAllowed && times[i] - times[i - TakeoversAllowed] <= Within) latest = new Contest(times[first], times[i], times[i]);
        }

        return latest;
    }
}
