using Streaming.Core.Creators;

namespace Streaming.Core.Viewers;

/// <summary>
/// A creator keeps somebody out of his chat, or out of his room altogether: for good, or for a time that ends by the database's clock, whether
/// anybody notices or not. One for each person and channel; the next takes its place.
/// </summary>
public sealed class Ban
{
    /// <summary>Longest reason, in Unicode code points.</summary>
    public const int ReasonMax = 500;

    /// <summary>The longest time-out, in seconds: two weeks.</summary>
    public const int SecondsMax = 14 * 24 * 60 * 60;

    /// <summary>Longest <see cref="Person"/>.</summary>
    public const int PersonMax = 7 + User.IdMax;

    private Ban() { }

    public Guid ChannelId { get; private set; }

    /// <summary>Whom, as in <see cref="Presence.Person"/>.</summary>
    public string Person { get; private set; } = null!;

    /// <summary>Null for a guest.</summary>
    public string? UserId { get; private set; }

    public BanScope Scope { get; private set; }

    public string? Reason { get; private set; }

    /// <summary>Who did it.</summary>
    public string BannedBy { get; private set; } = null!;

    public DateTimeOffset BannedAt { get; private set; }

    /// <summary>Infinity when it does not end by itself.</summary>
    public DateTimeOffset Until { get; private set; }
}

/// <summary>What a ban keeps from.</summary>
public enum BanScope
{
    /// <summary>He may watch and not write.</summary>
    Chat,

    /// <summary>He may not even watch.</summary>
    Stream,
}
