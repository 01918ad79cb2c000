using System.Threading.Channels;
using Streaming.Core.Events;
using Streaming.Core.Viewers;

namespace Streaming.WebhookWorker.Enforcing;

/// <summary>
/// Those who came into rooms that are watched, on their way from the events to the <see cref="Enforcer"/>. Costs the apply path a look into
/// a set that is mostly empty; what does not fit is found by the enforcer's next look at the room.
/// </summary>
internal sealed class Newcomers
{
    private readonly Channel<(Guid Channel, Newcomer Who)> _waiting = Channel.CreateBounded<(Guid, Newcomer)>(
        new BoundedChannelOptions(10_000) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    /// <summary>The channels with tokens about that may have to be refused.</summary>
    public IReadOnlySet<Guid> Watched { get; set; } = new HashSet<Guid>();

    /// <summary>After their joining is committed.</summary>
    public void Note(IReadOnlyCollection<QueuedEvent> batch)
    {
        var watched = Watched;
        if (watched.Count == 0) return;
        foreach (var entry in batch)
            if (entry.Event is { Kind: EventKinds.ParticipantJoined, Participant: { } who, ChannelId: { } channel } && watched.Contains(channel)
                && Identity.RoleOf(who.Identity, who.IsStandard, who.IsIngress, who.IsHidden) == ParticipantRole.Viewer)
                _waiting.Writer.TryWrite((channel, new Newcomer(who.Identity, who.MaySendData)));
    }

    public ILookup<Guid, Newcomer> Take()
    {
        var taken = new List<(Guid Channel, Newcomer Who)>();
        while (_waiting.Reader.TryRead(out var next)) taken.Add(next);
        return taken.ToLookup(n => n.Channel, n => n.Who);
    }
}

/// <param name="MaySendData">As his token let him; null when the event did not say.</param>
internal sealed record Newcomer(string Identity, bool? MaySendData);
