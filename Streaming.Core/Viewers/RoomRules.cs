using Streaming.Core.LiveKit;

namespace Streaming.Core.Viewers;

/// <summary>
/// Makes a room as the rules are now: whoever may not watch is taken out of it, and whoever may no longer, or may again, send data himself
/// is given that permission or loses it; whoever is on too many devices is left the newest. Repeating it changes nothing.
/// </summary>
public sealed class RoomRules(Admissions admissions, LiveKitApi livekit)
{
    /// <summary>Of one room. LiveKit takes its permissions one participant at a time.</summary>
    private const int CallsAtOnce = 16;

    /// <summary>What a device is told before it is ended for the sake of a newer one.</summary>
    private const string DeviceLimit = "device_limit";

    /// <summary>Looks at those whom LiveKit lists.</summary>
    /// <param name="people">As in <see cref="Presence.Person"/>; null for everybody.</param>
    /// <param name="devices">How many each of them may have.</param>
    /// <returns>How many were put right.</returns>
    /// <exception cref="LiveKitException">Not all could be.</exception>
    public async Task<int> Apply(Guid channel, IReadOnlySet<string>? people, int devices, CancellationToken ct)
    {
        var present = (await livekit.ListParticipants(channel, ct))
            .Where(p => p.Role == ParticipantRole.Viewer && (people is null || people.Contains(Identity.PersonOf(p.Identity)))).ToList();
        var excess = present.GroupBy(p => Identity.PersonOf(p.Identity)).SelectMany(his => his.OrderByDescending(p => p.JoinedAt).ThenBy(p => p.Sid, StringComparer.Ordinal).Skip(devices)).ToList();
        var putRight = await Apply(channel, [.. present.Except(excess).Select(p => (p.Identity, (bool?)p.MaySendData))], ct);
        foreach (var device in excess) await livekit.RemoveParticipant(channel, device.Identity, DeviceLimit, ct);
        return putRight + excess.Count;
    }

    /// <param name="present">Viewers' identities and, where it is known, whether they may send data.</param>
    public async Task<int> Apply(Guid channel, IReadOnlyCollection<(string Identity, bool? MaySendData)> present, CancellationToken ct)
    {
        if (present.Count == 0) return 0;
        var rules = (await admissions.To(channel, [.. present.Select(p => Visitor.In(p.Identity)).Distinct()], ct)).ToDictionary(a => a.Person!);
        var putRight = 0;
        LiveKitException? refused = null;
        await Parallel.ForEachAsync(present, new ParallelOptions { MaxDegreeOfParallelism = CallsAtOnce, CancellationToken = ct }, async (participant, stop) =>
        {
            var (identity, maySendData) = participant;
            if (!rules.TryGetValue(Visitor.In(identity).Person!, out var rule)) return; // the channel is gone, and its room will be
            try
            {
                if (rule.Refusal is not null) await livekit.RemoveParticipant(channel, identity, stop);
                else if (rule.MaySendData != maySendData) await livekit.LetSendData(channel, identity, rule.MaySendData, stop);
                else return;
                Interlocked.Increment(ref putRight);
            }
            catch (LiveKitException e) when (e.Failure is LiveKitFailure.Refused or LiveKitFailure.BadAnswer)
            {
                refused = e; // of this one: the others are put right all the same
            }
        });
        return refused is null ? putRight : throw refused;
    }
}
