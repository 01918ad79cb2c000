using Microsoft.EntityFrameworkCore;
using Npgsql;
using Streaming.Api.Auth;
using Streaming.Api.Http;
using Streaming.Core.Data;
using Streaming.Core.LiveKit;
using Streaming.Core.Streams;

namespace Streaming.Api.Features.Ingresses;

/// <summary>
/// Shows a key once more to a creator who has just signed in. LiveKit is asked; the ledger is written before, and counts: so a reveal that nobody knows of cannot be.
/// </summary>
public sealed class KeyReveals(StreamingDb db, IngressChanges changes, TimeProvider time)
{
    public static readonly TimeSpan SignInIsFreshFor = TimeSpan.FromMinutes(5);
    public static readonly TimeSpan Window = TimeSpan.FromHours(1);
    public const int PerWindow = 5;

    private static readonly TimeSpan Skew = TimeSpan.FromSeconds(30);

    public async Task<(CreatedIngress? Created, ApiError? Error)> Reveal(CurrentUser user, string ingressId, CancellationToken ct)
    {
        if (!IsFresh(user.SignedInAt)) return (null, Errors.ReauthenticationRequired);
        if (await db.Ingresses.OwnedBy(db, user.Id).Where(i => i.Id == ingressId).Select(i => (Guid?)i.ChannelId).SingleOrDefaultAsync(ct) is not { } channel) return (null, Errors.IngressNotFound);
        if (await Note(channel, ingressId, ct) is { } wait) return (null, Errors.RateLimited with { RetryAfter = wait });
        return await changes.ShowAgain(user.Id, ingressId, ct);
    }

    private bool IsFresh(DateTimeOffset? signedInAt) => signedInAt is { } at && time.GetUtcNow() - at is var age && age >= -Skew && age <= SignInIsFreshFor;

    /// <returns>How long to wait, if there were too many lately: the ledger of the channel, which has one owner, counts for all replicas.</returns>
    private async Task<TimeSpan?> Note(Guid channel, string ingressId, CancellationToken ct)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        var connection = (NpgsqlConnection)db.Database.GetDbConnection();
        var (_, _, now) = await KeyLedger.Lock(connection, channel, ct);
        var since = now - Window;
        var lately = await db.KeyLedger.Where(e => e.ChannelId == channel && e.Kind == KeyEvent.Revealed && e.At > since).OrderBy(e => e.At).Select(e => e.At).ToListAsync(ct);
        if (lately.Count >= PerWindow) return lately[^PerWindow] + Window - now;

        await KeyLedger.Append(connection, channel, [new LedgerLine(KeyEvent.Revealed, ingressId)], ct);
        await transaction.CommitAsync(ct);
        return null;
    }
}
