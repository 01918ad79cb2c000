using Streaming.Core.Events;

namespace Streaming.Tests.Convergence;

/// <summary>One thing that happens on a channel: LiveKit tells of it, or we delete the channel's stream key or take it off the air ourselves.</summary>
internal sealed record Step(LiveKitEvent? Event, DateTimeOffset? KeyDeletedAt = null, (DateTimeOffset At, DateTimeOffset OffUntil)? Cut = null)
{
    public override string ToString() => Event is null ? Cut is { } cut ? $"we take it off the air for {(cut.OffUntil - cut.At).TotalSeconds} s" : "we delete the key" : $"{Event.Kind} {Event.Ingress?.ResourceId ?? Event.Participant?.Sid ?? Event.RoomSid}";

    public static implicit operator Step(LiveKitEvent @event) => new(@event);
}

/// <summary>What happens on one channel, in the order in which it happened, and where it must end.</summary>
/// <param name="Ending">The rows of <see cref="StoryTeller"/> in seconds from the first event's creation time, then the live state and the viewers.</param>
internal sealed record Story(string Name, IReadOnlyList<Step> Steps, string Ending)
{
    public DateTimeOffset Zero => Steps.Where(s => s.Event is not null).Min(s => s.Event!.CreatedAt);
}
