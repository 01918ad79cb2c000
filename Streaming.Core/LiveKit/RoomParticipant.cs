using Livekit.Server.Sdk.Dotnet;
using Streaming.Core.Viewers;

namespace Streaming.Core.LiveKit;

/// <summary>Somebody in a room, as LiveKit lists him.</summary>
/// <param name="JoinedAt">By LiveKit's clock; the same as in his webhooks.</param>
/// <param name="IsActive">His media connection stands; only then is he announced as joined.</param>
/// <param name="IsPublishing">He has published a track.</param>
/// <param name="IngressId">The ingress behind an encoder.</param>
/// <param name="ResourceId">The encoder's ingest segment, where LiveKit's ingress tells it.</param>
public sealed record RoomParticipant(
    string Sid, string Identity, ParticipantRole Role, DateTimeOffset? JoinedAt, bool IsActive, bool IsPublishing, string? IngressId, string? ResourceId)
{
    /// <summary>He may send data into the room.</summary>
    public bool MaySendData { get; init; }

    internal static RoomParticipant Of(ParticipantInfo participant) => new(
        participant.Sid,
        participant.Identity,
        Viewers.Identity.RoleOf(
            participant.Identity, participant.Kind == ParticipantInfo.Types.Kind.Standard, participant.Kind == ParticipantInfo.Types.Kind.Ingress, participant.Permission?.Hidden == true),
        participant.JoinedAtMs > 0 ? DateTimeOffset.FromUnixTimeMilliseconds(participant.JoinedAtMs)
            : participant.JoinedAt > 0 ? DateTimeOffset.FromUnixTimeSeconds(participant.JoinedAt) : null,
        participant.State == ParticipantInfo.Types.State.Active,
        participant.Tracks.Count > 0,
        participant.Attributes.GetValueOrDefault("ingress.ingressID"),
        participant.Attributes.GetValueOrDefault("ingress.resourceID"))
    {
        MaySendData = participant.Permission?.CanPublishData == true,
    };
}
