namespace Streaming.Core.Viewers;

/// <summary>Somebody as far as a channel's rules can know him.</summary>
/// <param name="UserId">Null for a guest.</param>
/// <param name="GuestId">By his pass; null for a user, and for whoever has none yet.</param>
/// <param name="Address">A guest's, as a keyed hash: see <see cref="GuestAddress"/>. Null when it is not known here: then those of his that are on record count.</param>
public readonly record struct Visitor(string? UserId, string? GuestId = null, string? Address = null)
{
    private const string Guests = "guest:";

    /// <summary>As in <see cref="Presence.Person"/>; null for a guest who has never been one.</summary>
    public string? Person => UserId is not null ? $"viewer:{UserId}" : GuestId is not null ? Guests + GuestId : null;

    public static implicit operator Visitor(string? userId) => new(userId);

    /// <summary>Whose identity in a room it is.</summary>
    public static Visitor In(string identity) =>
        Identity.UserOf(identity) is { } user ? new Visitor(user) : new Visitor(null, identity.StartsWith(Guests, StringComparison.Ordinal) ? identity[Guests.Length..] : identity);

    /// <summary>As the API names people in addresses: a user by his id, which has no colon, and a guest by his identity.</summary>
    public static Visitor Named(string name) => name.StartsWith(Guests, StringComparison.Ordinal) ? new Visitor(null, name[Guests.Length..]) : new Visitor(name);
}
