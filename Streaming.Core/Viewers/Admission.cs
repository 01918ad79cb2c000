using Streaming.Core.Streams;

namespace Streaming.Core.Viewers;

/// <summary>
/// What decides whether somebody may watch a channel and write in its chat, as it is now. The one place of these rules: for the tokens we
/// give, for the channel's page, and for those who are in the room already.
/// </summary>
/// <param name="UserId">Null for a guest.</param>
/// <param name="IsBlocked">Either has blocked the other.</param>
/// <param name="FollowedAt">Since when he follows the creator; null when he does not.</param>
/// <param name="IsAllowed">The creator has let him in by name.</param>
/// <param name="Username">His own.</param>
/// <param name="IsSuspended">An administrator keeps the creator from broadcasting.</param>
/// <param name="Ban">What the creator keeps him out of.</param>
/// <param name="BannedUntil">Null without a ban, and when it does not end by itself.</param>
/// <param name="Person">As in <see cref="Presence.Person"/>; null for a guest who has never been one.</param>
public sealed record Admission(
    Guid ChannelId, string HostId, string? UserId, Visibility Visibility, bool AllowsGuests, bool IsChatEnabled, bool IsChatDelayed, bool IsChatFollowersOnly,
    bool IsBlocked, DateTimeOffset? FollowedAt, bool IsAllowed, string? Username, bool IsSuspended, BanScope? Ban, DateTimeOffset? BannedUntil, string? Person)
{
    public bool IsHost => UserId == HostId;

    /// <summary>Messages go through our API, since LiveKit knows no delay: nobody sends any himself.</summary>
    public bool IsModerated => IsChatDelayed;

    /// <summary>For whoever may not even know of it, the channel does not exist.</summary>
    public bool IsHidden => !IsHost && (IsSuspended || IsBlocked || Visibility == Visibility.Test || (Visibility == Visibility.Private && !IsAllowed));

    /// <summary>Why he may not watch; null when he may.</summary>
    public EntryRefusal? Refusal => this switch
    {
        { IsSuspended: true } => EntryRefusal.Suspended,
        { IsHost: true } => null,
        { IsBlocked: true } => EntryRefusal.Blocked,
        { Visibility: Visibility.Test } => EntryRefusal.NotFound,
        { Ban: BanScope.Stream } => EntryRefusal.Banned,
        { Visibility: Visibility.Private, IsAllowed: false } => EntryRefusal.Private,
        { Visibility: Visibility.Followers, FollowedAt: null } => EntryRefusal.FollowersOnly,
        { UserId: null, AllowsGuests: false } => EntryRefusal.GuestsNotAllowed,
        _ => null,
    };

    /// <summary>Why he may not write in the chat; null when he may.</summary>
    public ChatRefusal? ChatRefusal => this switch
    {
        { Refusal: not null } => Viewers.ChatRefusal.NotWatching,
        { IsChatEnabled: false } => Viewers.ChatRefusal.ChatOff,
        { UserId: null } => Viewers.ChatRefusal.Guest,
        { IsHost: true } => null,
        { Ban: not null } => Viewers.ChatRefusal.Banned,
        { IsChatFollowersOnly: true, FollowedAt: null } => Viewers.ChatRefusal.FollowersOnly,
        _ => null,
    };

    /// <summary>Whether he may send data into the room himself.</summary>
    public bool MaySendData => ChatRefusal is null && !IsModerated;
}

/// <summary>Why somebody may not watch.</summary>
public enum EntryRefusal
{
    /// <summary>Nobody watches: an administrator keeps the creator from broadcasting.</summary>
    Suspended,

    /// <summary>It is as if there were no such channel.</summary>
    NotFound,

    /// <summary>He has blocked the creator, or the creator him.</summary>
    Blocked,

    /// <summary>The creator keeps him out.</summary>
    Banned,

    /// <summary>The creator has not let him in.</summary>
    Private,

    /// <summary>He does not follow the creator.</summary>
    FollowersOnly,

    /// <summary>He is not signed in.</summary>
    GuestsNotAllowed,
}

/// <summary>Why somebody may not write in the chat.</summary>
public enum ChatRefusal
{
    /// <summary>He may not watch either.</summary>
    NotWatching,

    /// <summary>There is no chat.</summary>
    ChatOff,

    /// <summary>He is not signed in.</summary>
    Guest,

    /// <summary>The creator keeps him out of the chat.</summary>
    Banned,

    /// <summary>He does not follow the creator.</summary>
    FollowersOnly,
}
