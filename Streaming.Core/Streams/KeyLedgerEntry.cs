namespace Streaming.Core.Streams;

/// <summary>
/// One thing that happened to a stream key. Entries of a channel are numbered from 1 without a gap and chained by their hashes: none can be changed,
/// taken out or put in between without its being seen.
/// </summary>
public sealed class KeyLedgerEntry
{
    private KeyLedgerEntry() { }

    public Guid ChannelId { get; private set; }
    public long Sequence { get; private set; }

    /// <summary>When it was written, by Postgres' clock.</summary>
    public DateTimeOffset At { get; private set; }

    /// <summary>When it happened, as LiveKit's facts have it; null for what we did ourselves, which happened when it was written.</summary>
    public DateTimeOffset? HappenedAt { get; private set; }

    /// <summary>Null: every key of the channel, or an encoder whose key LiveKit did not name.</summary>
    public string? IngressId { get; private set; }

    public KeyEvent Kind { get; private set; }

    /// <summary>The connection of an encoder, for its use.</summary>
    public string? ResourceId { get; private set; }

    /// <summary>More, as one of our codes: why, or how.</summary>
    public string? Detail { get; private set; }

    /// <summary>The entry that later facts showed to be wrong. It stays as it is, and this one says what is right.</summary>
    public long? Corrects { get; private set; }

    public byte[] PreviousHash { get; private set; } = null!;
    public byte[] Hash { get; private set; } = null!;
}

/// <summary>Where a channel's ledger ends: without it, entries could be taken off the end unseen.</summary>
public sealed class KeyLedgerHead
{
    private KeyLedgerHead() { }

    public Guid ChannelId { get; private set; }
    public long Sequence { get; private set; }
    public byte[] Hash { get; private set; } = null!;
}

/// <summary>What happens to a stream key.</summary>
public enum KeyEvent
{
    /// <summary>It was made and shown.</summary>
    Issued,

    /// <summary>It was shown once more.</summary>
    Revealed,

    /// <summary>It was made in the place of another, which <c>detail</c> names.</summary>
    Rotated,

    /// <summary>Something began to hold it, which <c>detail</c> names.</summary>
    Disabled,

    /// <summary>That was lifted.</summary>
    Enabled,

    /// <summary>It stopped working for good.</summary>
    Deleted,

    /// <summary>An encoder published with it.</summary>
    Accepted,

    /// <summary>That encoder was displaced by another of the same channel.</summary>
    TakenOver,

    /// <summary>LiveKit refused an encoder or broke it off before any media; <c>detail</c> has the code.</summary>
    Refused,

    /// <summary>What that encoder sends, once LiveKit has looked: <c>detail</c> has its profile.</summary>
    Input,

    /// <summary>The same, and no encoder with this profile had used the key before. The session's timeline tells the creator.</summary>
    NewEncoder,
}
