using System.Text.Json.Serialization;
using Streaming.Core.Viewers;

namespace Streaming.Api.Features;

/// <summary>The chat of a channel, and whether the caller may write in it.</summary>
/// <param name="IsEnabled">Whether there is a chat at all.</param>
/// <param name="IsDelayed">Whether messages reach viewers after a delay.</param>
/// <param name="IsFollowersOnly">Whether followers alone may write.</param>
/// <param name="Delivery">How messages go: `direct`, sent by the client as LiveKit data, or `moderated`, through this API, which no client can get around.</param>
/// <param name="CanChat">Whether the caller may write now.</param>
/// <param name="Reason">Why not: `chatOff`, `guest`, `followersOnly`, `banned`, or `notWatching` when he may not watch either.</param>
public sealed record ChatAccess(
    bool IsEnabled, bool IsDelayed, bool IsFollowersOnly, ChatDelivery Delivery, bool CanChat, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] ChatRefusal? Reason)
{
    internal static ChatAccess Of(Admission admission) => new(
        admission.IsChatEnabled, admission.IsChatDelayed, admission.IsChatFollowersOnly, admission.IsModerated ? ChatDelivery.Moderated : ChatDelivery.Direct,
        admission.ChatRefusal is null, admission.ChatRefusal);
}

public enum ChatDelivery
{
    Direct,
    Moderated,
}
