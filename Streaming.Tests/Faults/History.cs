using System.Collections.Concurrent;

namespace Streaming.Tests.Faults;

/// <summary>What became of a delivery, as the sender sees it.</summary>
public enum Answer
{
    /// <summary>200: from now on the event is ours to lose.</summary>
    Accepted,

    /// <summary>503, another refusal, or nobody there.</summary>
    Failed,

    /// <summary>The connection broke with the request on its way: it may be stored or not.</summary>
    Unknown,
}

/// <summary>Every answer that a sender got. What was accepted is judged by it.</summary>
public sealed class History
{
    private readonly ConcurrentDictionary<string, Webhook> _told = [];
    private readonly ConcurrentDictionary<string, DateTimeOffset> _accepted = [];
    private readonly int[] _answers = new int[Enum.GetValues<Answer>().Length];
    private long _longest;

    /// <summary>Whatever was sent, accepted or not, in the order in which it happened.</summary>
    public IReadOnlyList<Webhook> Told => [.. _told.Values.OrderBy(w => w.Number)];

    /// <summary>When each id was first accepted.</summary>
    public IReadOnlyDictionary<string, DateTimeOffset> Accepted => _accepted;

    /// <summary>The longest that an answer took, of whichever kind.</summary>
    public TimeSpan Longest => TimeSpan.FromTicks(Interlocked.Read(ref _longest));

    public int Count(Answer answer) => Volatile.Read(ref _answers[(int)answer]);

    public void Record(Webhook webhook, Answer answer, TimeSpan took)
    {
        _told[webhook.Id] = webhook;
        if (answer == Answer.Accepted) _accepted.TryAdd(webhook.Id, TimeProvider.System.GetUtcNow());
        Interlocked.Increment(ref _answers[(int)answer]);
        for (var longest = Interlocked.Read(ref _longest); took.Ticks > longest; longest = Interlocked.Read(ref _longest))
            Interlocked.CompareExchange(ref _longest, took.Ticks, longest);
    }

    public override string ToString() => $"{Count(Answer.Accepted)} accepted, {Count(Answer.Failed)} failed, {Count(Answer.Unknown)} unknown, the longest took {Longest.TotalSeconds:0.00} s";
}
