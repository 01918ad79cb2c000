using System.Security.Cryptography;

namespace Streaming.Core.Viewers;

/// <summary>
/// LiveKit identities, made by the server alone. LiveKit allows one connection per identity and kicks the older one, so every
/// device gets a nonce, and the creator's encoder, his browser and his own viewing are three different identities.
/// </summary>
public static class Identity
{
    public static string Ingress(Guid channelId) => $"ingress:{channelId}";

    public static string Host(string userId) => $"host:{userId}:{Nonce()}";

    public static string Viewer(string userId) => $"viewer:{userId}:{Nonce()}";

    /// <param name="guestId">From <see cref="NewGuestId"/>: the same for all that a guest does, so a second window of his takes the place of the first.</param>
    public static string Guest(string guestId) => $"guest:{guestId}";

    public static string NewGuestId() => Nonce();

    /// <summary>The user behind a viewer's identity; null for a guest.</summary>
    public static string? UserOf(string identity) => PersonOf(identity) is var person && person.StartsWith("viewer:", StringComparison.Ordinal) ? person["viewer:".Length..] : null;

    /// <summary>What a participant is to us, from LiveKit's kind and flags and the identity we gave him.</summary>
    public static ParticipantRole RoleOf(string identity, bool isStandardKind, bool isIngressKind, bool isHidden)
    {
        if (isIngressKind) return ParticipantRole.Ingress;
        if (!isStandardKind || isHidden) return ParticipantRole.Other;
        if (identity.StartsWith("host:", StringComparison.Ordinal)) return ParticipantRole.Host;
        return identity.StartsWith("ingress:", StringComparison.Ordinal) ? ParticipantRole.Ingress : ParticipantRole.Viewer;
    }

    /// <summary>The person behind an identity: <c>viewer:{userId}</c> for each of a user's devices, so that people are counted, not tabs.</summary>
    public static string PersonOf(string identity)
    {
        var nonce = identity.LastIndexOf(':');
        return identity.StartsWith("viewer:", StringComparison.Ordinal) && nonce > "viewer".Length ? identity[..nonce] : identity;
    }

    private static string Nonce() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
}

/// <summary>Who a participant of a room is.</summary>
public enum ParticipantRole
{
    /// <summary>An encoder, through LiveKit's ingress.</summary>
    Ingress,

    /// <summary>The creator in his browser.</summary>
    Host,

    /// <summary>Somebody who watches: a signed-in viewer or a guest. The only role that is counted.</summary>
    Viewer,

    /// <summary>Hidden participants, recorders, agents, phone lines.</summary>
    Other,
}
