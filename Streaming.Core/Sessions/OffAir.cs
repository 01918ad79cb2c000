using Streaming.Core.LiveKit;
using Streaming.Core.Streams;
using Streaming.Core.Viewers;

namespace Streaming.Core.Sessions;

/// <summary>Makes LiveKit follow a <see cref="Cutoff"/>: keys disabled, publishers out of the room.</summary>
public sealed class OffAir(Cutoffs cutoffs, KeyEnforcement keys, LiveKitApi livekit, TimeProvider time)
{
    /// <summary>To be called once the cutoff is committed.</summary>
    /// <returns>False when LiveKit could not be made to follow now, or not wholly: the worker goes on trying.</returns>
    public async Task<bool> TryEnforce(Guid channel, CancellationToken ct)
    {
        var areKeysSet = await keys.Enforce(channel, ct);
        try
        {
            await RemovePublishers(channel, ct);
            return areKeysSet;
        }
        catch (LiveKitException)
        {
            return false;
        }
    }

    /// <summary>Everybody who publishes, with whatever key or token.</summary>
    /// <exception cref="LiveKitException">Somebody may still be there.</exception>
    public async Task RemovePublishers(Guid channel, CancellationToken ct)
    {
        var asOf = time.GetUtcNow();
        foreach (var publisher in (await livekit.ListParticipants(channel, ct)).Where(p => p.Role is ParticipantRole.Ingress or ParticipantRole.Host))
            await livekit.RemoveParticipant(channel, publisher.Identity, ct);
        await cutoffs.Enforced(channel, asOf, ct);
    }
}
