namespace Streaming.Core.Streams;

/// <summary>
/// A reason for which a key, or every key of a channel, must not work now. Several can hold the same key; it works when none does.
/// </summary>
public sealed class IngressHold
{
    private IngressHold() { }

    public Guid Id { get; private set; }
    public Guid ChannelId { get; private set; }

    /// <summary>Null: every key of the channel, those that are yet to be made included.</summary>
    public string? IngressId { get; private set; }

    public HoldReason Reason { get; private set; }

    /// <summary>Null: until it is lifted.</summary>
    public DateTimeOffset? Until { get; private set; }

    public DateTimeOffset PlacedAt { get; private set; }
}

/// <summary>Why a key must not work. One hold of each for a key, and one for the channel.</summary>
public enum HoldReason
{
    /// <summary>The creator switched the key off.</summary>
    Disabled,

    /// <summary>The creator ended his broadcast, and his encoder shall not reopen it by itself.</summary>
    Ended,

    /// <summary>An administrator stopped the channel.</summary>
    Suspended,

    /// <summary>Too many encoders fought for the key.</summary>
    Contested,

    /// <summary>Its owner is no approved creator any more.</summary>
    Revoked,
}
