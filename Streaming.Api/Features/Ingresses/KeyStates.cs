using Microsoft.EntityFrameworkCore;
using Npgsql;
using Streaming.Api.Http;
using Streaming.Core.Data;
using Streaming.Core.Sessions;
using Streaming.Core.Streams;

namespace Streaming.Api.Features.Ingresses;

/// <summary>
/// Switches a key off and on again without losing it. What the creator wants is on record, and his session ended, before LiveKit is told; when LiveKit
/// cannot be told, the answer says so and the worker does it.
/// </summary>
public sealed class KeyStates(StreamingDb db, KeyEnforcement keys)
{
    public async Task<(KeyState? State, ApiError? Error)> Set(string userId, string ingressId, bool enabled, CancellationToken ct)
    {
        if (await db.Ingresses.OwnedBy(db, userId).Where(i => i.Id == ingressId).Select(i => (Guid?)i.ChannelId).SingleOrDefaultAsync(ct) is not { } channel) return (null, Errors.IngressNotFound);

        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        var connection = (NpgsqlConnection)db.Database.GetDbConnection();
        if (enabled)
        {
            await IngressHolds.Lift(connection, channel, ingressId, HoldReason.Disabled, ct);
            await IngressHolds.Lift(connection, channel, ingressId, HoldReason.Contested, ct);
        }
        else await IngressHolds.Place(connection, channel, ingressId, HoldReason.Disabled, until: null, EndReasons.Disabled, ct);
        await transaction.CommitAsync(ct);

        await keys.Enforce(channel, CancellationToken.None); // begun, it is finished
        return (await Read(channel, ingressId), null);
    }

    private async Task<KeyState> Read(Guid channel, string ingressId)
    {
        await db.Database.OpenConnectionAsync();
        var holds = await IngressHolds.Of((NpgsqlConnection)db.Database.GetDbConnection(), channel, ingressId, CancellationToken.None);
        var applied = await db.Ingresses.Where(i => i.Id == ingressId).Select(i => i.IsEnabled).SingleAsync();
        return new KeyState(ingressId, Enabled: holds.Count == 0, holds, IsApplied: applied == (holds.Count == 0));
    }
}

/// <param name="IngressId">LiveKit's id of the ingress.</param>
/// <param name="Enabled">Whether the key is to work: nothing holds it.</param>
/// <param name="HeldBy">What holds it: `disabled` (the creator), `ended` (for some time after a clean end), `suspended` (an administrator), `contested` (too many encoders), `revoked` (the approval is lost).</param>
/// <param name="IsApplied">Whether LiveKit has confirmed it. If not, it could not be reached, and is told as soon as it can be.</param>
public sealed record KeyState(string IngressId, bool Enabled, IReadOnlyList<HoldReason> HeldBy, bool IsApplied);
