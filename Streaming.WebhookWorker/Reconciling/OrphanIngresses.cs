using Microsoft.EntityFrameworkCore;
using Streaming.Core.Data;
using Streaming.Core.LiveKit;
using Streaming.WebhookWorker.Leading;

namespace Streaming.WebhookWorker.Reconciling;

/// <summary>
/// Deletes stream keys that LiveKit has and we do not know of: an API process died between creating an ingress and recording it, or
/// could not take it back. Nobody was ever shown such a key, yet it would work.
/// </summary>
internal sealed partial class OrphanIngresses(IServiceScopeFactory scopes, LiveKitApi livekit, TimeProvider time, ILogger<OrphanIngresses> log) : ILeaderDuty
{
    /// <summary>Longer than a creation can take, so that one that is just being recorded is never taken for an orphan.</summary>
    private static readonly TimeSpan Every = TimeSpan.FromMinutes(1);

    private HashSet<string> _suspects = [];

    public async Task Run(CancellationToken ct)
    {
        _suspects = [];
        using var timer = new PeriodicTimer(Every, time);
        while (await timer.WaitForNextTickAsync(ct))
        {
            try
            {
                await Sweep(ct);
            }
            catch (Exception e) when (e is LiveKitException || Failures.IsTransient(e))
            {
                Log.Postponed(log, e.GetType().Name);
            }
        }
    }

    /// <summary>Deletes what was an orphan at the last look too.</summary>
    internal async Task Sweep(CancellationToken ct)
    {
        var unknown = await Unknown(ct);
        foreach (var orphan in unknown.Where(_suspects.Contains))
        {
            await livekit.DeleteIngress(orphan, ct);
            Log.Deleted(log, orphan);
        }

        _suspects = unknown;
    }

    private async Task<HashSet<string>> Unknown(CancellationToken ct)
    {
        var theirs = await livekit.ListOwnIngresses(ct);
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<StreamingDb>();
        var ids = theirs.Select(i => i.IngressId).ToList();
        var channels = theirs.Select(i => i.ChannelId).ToList();
        var known = await db.Ingresses.Where(i => ids.Contains(i.Id) && i.DeletedAt == null).Select(i => i.Id).ToListAsync(ct);
        var ours = await db.Channels.Where(c => channels.Contains(c.Id)).Select(c => c.Id).ToListAsync(ct);
        return [.. theirs.Where(i => ours.Contains(i.ChannelId)).Select(i => i.IngressId).Except(known)];
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Deleted ingress {IngressId}, of which we had no record")]
        public static partial void Deleted(ILogger logger, string ingressId);

        [LoggerMessage(Level = LogLevel.Information, Message = "The look for orphan ingresses is postponed ({Failure})")]
        public static partial void Postponed(ILogger logger, string failure);
    }
}
