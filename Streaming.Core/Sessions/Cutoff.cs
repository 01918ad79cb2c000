namespace Streaming.Core.Sessions;

/// <summary>
/// A moment at which we took a channel off the air, and until when we keep it off: a fact from which ends follow whenever and in whatever
/// order LiveKit tells its part. What was on the air then ended; what begins before <see cref="OffUntil"/> is refused; what begins after it
/// is a new session. Times are by our clock, which LiveKit's must agree with better than a block is long.
/// </summary>
public sealed class Cutoff
{
    /// <summary>The longest time for which a creator can keep himself off the air, in seconds.</summary>
    public const int MaxBlockSeconds = 300;

    /// <summary>Long enough that an encoder which reconnects by itself has given up.</summary>
    public const int DefaultBlockSeconds = 60;

    /// <summary>Longest note, in Unicode code points.</summary>
    public const int NoteMax = 200;

    private Cutoff() { }

    public Guid Id { get; private set; }
    public Guid ChannelId { get; private set; }
    public DateTimeOffset At { get; private set; }

    /// <summary>One of <see cref="EndReasons"/>.</summary>
    public string Reason { get; private set; } = null!;

    /// <summary>Until then the keys are disabled and publishers removed. Infinity for a suspension without an end.</summary>
    public DateTimeOffset OffUntil { get; private set; }

    /// <summary>What the one who did it had to say.</summary>
    public string? Note { get; private set; }

    /// <summary>When LiveKit had nobody publishing any more. Null: LiveKit has not been made to yet, which the worker goes on trying.</summary>
    public DateTimeOffset? EnforcedAt { get; private set; }
}
