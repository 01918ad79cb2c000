namespace Streaming.Core.Sessions;

/// <summary>A change of a channel's live state, written in the transaction that made it. The order of ids is the order in which we learned of it.</summary>
public sealed class TimelineEntry
{
    private TimelineEntry() { }

    public long Id { get; private set; }
    public Guid ChannelId { get; private set; }
    public Guid SessionId { get; private set; }
    public Transition Transition { get; private set; }

    /// <summary>When it happened, as the facts have it.</summary>
    public DateTimeOffset At { get; private set; }

    /// <summary>Why media stopped (<see cref="EndReasons"/>), or the code of an ingest issue; null when there is nothing to say.</summary>
    public string? Reason { get; private set; }

    /// <summary>What it speaks of within the session: the segment that was taken over, the minutes that are left.</summary>
    public string? Subject { get; private set; }

    /// <summary>Of a takeover: the segment that took the subject's place.</summary>
    public string? ReplacedBy { get; private set; }

    public ChangeCause Cause { get; private set; }

    /// <summary>The webhook event that told, or the segment that the reconciler or the API changed.</summary>
    public string Evidence { get; private set; } = null!;

    public DateTimeOffset RecordedAt { get; private set; }
}

/// <summary>What became of a session.</summary>
public enum Transition
{
    /// <summary>The session began. Once for each session.</summary>
    Started,

    /// <summary>Media stopped; the session may go on until the end of the reconnect window.</summary>
    Dropped,

    /// <summary>Media is arriving again.</summary>
    Resumed,

    /// <summary>The session is over: nobody can reconnect.</summary>
    Ended,

    /// <summary>What became known later moved its beginning or its end.</summary>
    Revised,

    /// <summary>What became known later shows that it was part of another session.</summary>
    Merged,

    /// <summary>An encoder took the place of another on the same channel; the session went on.</summary>
    Takeover,

    /// <summary>Several encoders fight over the key: said once for each <see cref="Contest"/>.</summary>
    Contested,

    /// <summary>It will soon have lasted as long as the channel allows. Once for each warning.</summary>
    DurationWarning,

    /// <summary>Something is wrong with what the encoder sends, or a connection was refused.</summary>
    IssueOpened,

    /// <summary>It is not any more.</summary>
    IssueClosed,

    /// <summary>An encoder of a kind that had not used the key before; the reason is its profile.</summary>
    NewEncoder,
}

/// <summary>Who told.</summary>
public enum ChangeCause
{
    Webhook,
    Reconcile,
    Api,

    /// <summary>A rule of ours: a broadcast's longest duration, a contested key, a look at an encoder's health.</summary>
    Rule,
}
