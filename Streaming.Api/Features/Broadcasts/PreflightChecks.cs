using Microsoft.EntityFrameworkCore;
using Streaming.Core.Data;
using Streaming.Core.Health;
using Streaming.Core.LiveKit;
using Streaming.Core.Sessions;
using Streaming.Core.Streams;

namespace Streaming.Api.Features.Broadcasts;

/// <summary>What must be so for a broadcast to begin, looked at now.</summary>
public sealed class PreflightChecks(StreamingDb db, LiveKitApi livekit, Cutoffs cutoffs, Suspensions suspensions, TimeProvider time)
{
    /// <summary>After a refusal for lack of capacity the server is taken to be full for so long.</summary>
    private static readonly TimeSpan FullFor = TimeSpan.FromMinutes(5);

    internal static readonly Preflight
        Reachable = new("liveKitReachable", "The streaming server answers.", Severity.Error, "The streaming server cannot be asked.", "Try again in a minute. If it lasts, tell the operator."),
        KeyExists = new("keyExists", "The stream key is there.", Severity.Error, "There is no stream key that the streaming server knows.", "Get a new stream key and enter it in the encoder."),
        KeyEnabled = new("keyEnabled", "The stream key is enabled.", Severity.Error, "The streaming server does not let the stream key publish.", "Wait until the block on reconnecting is over, or enable the key."),
        NotBlocked = new("notBlocked", "Nothing keeps the channel off the air.", Severity.Error, "The broadcast was ended a moment ago, and nobody can go live yet.", "Wait until the block on reconnecting is over."),
        NotSuspended = new("notSuspended", "The channel is not suspended.", Severity.Error, "An administrator has suspended the channel.", "Ask the operator why."),
        Capacity = new("capacity", "The streaming server has refused nobody lately for lack of capacity.", Severity.Warning, "The streaming server refused a connection lately because it had no capacity left.", "Try all the same. WHIP needs far less of the server than RTMP does.");

    /// <returns>Null when the user has no channel.</returns>
    public async Task<PreflightAnswer?> Of(string userId, CancellationToken ct)
    {
        if (await db.Channels.OwnedBy(userId).Select(c => (Guid?)c.Id).SingleOrDefaultAsync(ct) is not { } channel) return null;
        var now = time.GetUtcNow();
        var keys = await db.Ingresses.Where(i => i.ChannelId == channel && i.DeletedAt == null).Select(i => i.Id).ToListAsync(ct);
        var isFull = await db.IngestSegments.AnyAsync(s => s.Failure == "capacity_exceeded" && s.StoppedAt > now - FullFor, ct);
        var looks = await Look(channel, ct);
        List<PreflightCheck> checks =
        [
            Reachable.When(looks is not null),
            NotSuspended.When(!await suspensions.IsSuspended(userId, ct)),
            NotBlocked.When(await cutoffs.OffAir(channel, now, ct) is not { Reason: not EndReasons.Suspended }),
            Capacity.When(!isFull),
        ];
        if (looks?.Where(l => keys.Contains(l.IngressId)).ToList() is { } known)
        {
            checks.Add(KeyExists.When(known.Count > 0));
            if (known.Count > 0) checks.Add(KeyEnabled.When(known.Exists(k => k.IsEnabled)));
        }

        return new PreflightAnswer(checks.TrueForAll(c => c.Severity != Severity.Error), checks);
    }

    private async Task<IReadOnlyList<IngressLook>?> Look(Guid channel, CancellationToken ct)
    {
        try
        {
            return await livekit.LookAtIngresses(channel, ct);
        }
        catch (LiveKitException)
        {
            return null;
        }
    }
}

/// <summary>A check and both of its outcomes.</summary>
internal sealed record Preflight(string Code, string Good, Severity Severity, string Bad, string Fix)
{
    public PreflightCheck Passed => new(Code, Severity.Ok, Good, "");

    public PreflightCheck When(bool isGood) => isGood ? Passed : new(Code, Severity, Bad, Fix);
}

/// <param name="Ready">Whether nothing stands in the way.</param>
/// <param name="Checks">What was looked at.</param>
public sealed record PreflightAnswer(bool Ready, IReadOnlyList<PreflightCheck> Checks);

/// <param name="Code">`liveKitReachable`, `keyExists`, `keyEnabled`, `notBlocked`, `notSuspended` or `capacity`.</param>
/// <param name="Severity">`ok`, `warning` or `error`.</param>
/// <param name="Message">What was found, for people.</param>
/// <param name="Fix">What to do about it; empty when all is well.</param>
public sealed record PreflightCheck(string Code, Severity Severity, string Message, string Fix);
