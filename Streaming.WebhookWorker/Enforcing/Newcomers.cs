using System.Threading.Channels;
using Streaming.Core.Events;
using Streaming.Core.Viewers;

namespace Streaming.WebhookWorker.Enforcing;

/// <summary>
/// Those who came into rooms, on their way from the events to the <see cref="Enforcer"/>: all of them, since each may be one device too many, and
/// once more where the room is watched. Costs the apply path a look into a set that is mostly empty; what does not fit is found all the same, by the
/// enforcer's next look at the room, or at everybody.
/// </summary>
internal sealed class Newcomers
{
    private readonly Channel<(Guid Channel, Newcomer Who)> _waiting = Channel.CreateBounded<(Guid, Newcomer)>(
        new BoundedChannelOptions(10_000) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    private readonly Channel<(Guid Channel, string Identity)> _joined = Channel.CreateBounded<(Guid, string)>(new BoundedChannelOptions(10_000) { SingleReader = true });

    private volatile bool _missedAny;

    /// <summary>The channels with tokens about that may have to be refused.</summary>
    public IReadOnlySet<Guid> Watched { get; set; } = new HashSet<Guid>();

    /// <summary>After their joining is committed.</summary>
    public void Note(IReadOnlyCollection<QueuedEvent> batch)
    {
        var watched = Watched;
        foreach (var entry in batch)
        {
            if (entry.Event is not { Kind: EventKinds.ParticipantJoined, Participant: { } who, ChannelId: { } channel }
                || Identity.RoleOf(who.Identity, who.IsStandard, who.IsIngress, who.IsHidden) != ParticipantRole.Viewer) continue;
            if (!_joined.Writer.TryWrite((channel, who.Identity))) _missedAny = true;
            if (watched.Contains(channel)) _waiting.Writer.TryWrite((channel, new Newcomer(who.Identity, who.MaySendData)));
        }
    }

    /// <returns>Channels and people, as in <see cref="Presence.Person"/>; null when not all could be kept, so that everybody has to be looked at.</returns>
    public IReadOnlyCollection<(Guid Channel, string Person)>? TakeJoined()
    {
        var (missedAny, joined) = (_missedAny, new HashSet<(Guid, string)>());
        _missedAny = false;
        while (_joined.Reader.TryRead(out var next)) joined.Add((next.Channel, Identity.PersonOf(next.Identity)));
        return missedAny ? null : joined;
    }

    /// <summary>What was taken could not be looked at.</summary>
    public void Missed() => _missedAny = true;

    public ILookup<Guid, Newcomer> Take()
    {
        var taken = new List<(Guid Channel, Newcomer Who)>();
        while (_waiting.Reader.TryRead(out var next)) taken.Add(next);
        return taken.ToLookup(n => n.Channel, n => n.Who);
    }
}

/// <param name="MaySendData">As his token let him; null when the event did not say.</param>
internal sealed record Newcomer(string Identity, bool? MaySendData);
