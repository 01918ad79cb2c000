using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using StackExchange.Redis;
using Streaming.Core;
using Streaming.Core.Data;
using Streaming.Core.Events;
using Streaming.Core.LiveKit;
using Streaming.Core.Reconciling;
using Streaming.Core.Sessions;
using Streaming.Core.Viewers;
using Streaming.WebhookWorker.Leading;

namespace Streaming.WebhookWorker.Reconciling;

/// <summary>
/// Asks LiveKit who publishes and who is present, and puts right what its webhooks never told: LiveKit gives up on a webhook after
/// about 15 seconds. Whoever cannot be asked has nothing ended for him.
/// </summary>
internal sealed partial class Reconciler(
    Beliefs beliefs, LiveKitApi livekit, Corrections corrections, ViewerCounts viewers, WorkerPulse pulse, Recoveries recoveries,
    IOptions<ReconcilingOptions> options, TimeProvider time, ILogger<Reconciler> log) : ILeaderDuty
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(3);

    private Suspects _suspects = new(options.Value.ConfirmStartAfter, options.Value.ConfirmEndAfter);
    private DateTimeOffset _lastLook;
    private bool _isReachable;

    public async Task Run(CancellationToken ct)
    {
        _suspects = new Suspects(options.Value.ConfirmStartAfter, options.Value.ConfirmEndAfter); // another leader may have looked meanwhile
        _isReachable = true;
        var everythingDue = time.GetUtcNow();
        while (!ct.IsCancellationRequested)
        {
            var everything = time.GetUtcNow() >= everythingDue;
            if (everything) everythingDue = time.GetUtcNow() + Jittered(options.Value.Every);
            var succeeded = await TryLook(everything, ct);
            var recovered = await recoveries.Wait(succeeded ? Until(everythingDue) : RetryAfter, ct);
            if (recovered || !succeeded) everythingDue = time.GetUtcNow();
        }
    }

    /// <summary>One look at LiveKit: at every channel that is live or has somebody in it, or only at those with a suspect that is due.</summary>
    /// <returns>How many things were put right.</returns>
    internal async Task<int> Look(bool everything, CancellationToken ct)
    {
        var only = everything ? null : _suspects.ChannelsDue(await beliefs.Now(ct));
        var belief = await beliefs.Read(only, ct);
        _lastLook = belief.At;
        var rooms = await livekit.ListRooms(ct);
        IReadOnlyCollection<Guid> channels = only ?? [.. belief.Channels.Union(await beliefs.Ours([.. rooms.Keys], ct))];
        var listed = await List(channels, rooms, ct);
        var records = await beliefs.RecordsOf([.. listed.Values.SelectMany(p => p)], ct);
        var seen = listed.SelectMany(l => Differences.Between(l.Key, belief.Of(l.Key), rooms.GetValueOrDefault(l.Key), l.Value, records)).ToList();
        var corrected = await corrections.Write(_suspects.Confirm(seen, listed.Keys.ToHashSet(), belief.At), ct);
        await Tell(corrected, ct);
        if (listed.Count < channels.Count) throw new LiveKitException(LiveKitFailure.Unreachable, "ListParticipants");
        if (everything)
        {
            Telemetry.ViewerError.Record(seen.Count(d => d.Kind is CorrectionKind.ParticipantJoined or CorrectionKind.ParticipantLeft));
            await pulse.Reconciled(ct);
        }

        return corrected.Count;
    }

    private async Task<bool> TryLook(bool everything, CancellationToken ct)
    {
        try
        {
            await Look(everything, ct);
            if (!_isReachable) Log.Reachable(log);
            return _isReachable = true;
        }
        catch (Exception e) when (e is LiveKitException || Failures.IsTransient(e))
        {
            if (_isReachable) Log.Postponed(log, e.GetType().Name);
            return _isReachable = false;
        }
    }

    /// <summary>Who is in each room. A room that does not stand is empty; of one that could not be asked about there is no answer here.</summary>
    private async Task<IReadOnlyDictionary<Guid, IReadOnlyList<RoomParticipant>>> List(
        IReadOnlyCollection<Guid> channels, IReadOnlyDictionary<Guid, string> rooms, CancellationToken ct)
    {
        var listed = new ConcurrentDictionary<Guid, IReadOnlyList<RoomParticipant>>();
        await Parallel.ForEachAsync(channels, new ParallelOptions { MaxDegreeOfParallelism = options.Value.Parallel, CancellationToken = ct }, async (channel, stop) =>
        {
            try
            {
                listed[channel] = rooms.ContainsKey(channel) ? await livekit.ListParticipants(channel, stop) : [];
            }
            catch (LiveKitException)
            {
                // Unknown, and left as it is.
            }
        });
        return listed;
    }

    private async Task Tell(IReadOnlyCollection<Confirmed> corrected, CancellationToken ct)
    {
        foreach (var channel in corrected.GroupBy(c => (c.Difference.ChannelId, c.Difference.Kind)))
        {
            Telemetry.Corrections.Add(channel.Count(), new KeyValuePair<string, object?>("kind", channel.Key.Kind.ToString()));
            Log.Corrected(log, channel.Key.ChannelId, channel.Key.Kind.ToString(), channel.Count(), channel.First().Difference.Subject);
        }

        try
        {
            await viewers.Refresh([.. corrected.Select(c => c.Difference.ChannelId).Distinct()], ct);
        }
        catch (Exception e) when (Failures.IsOfRedis(e))
        {
            // The cache expires by itself.
        }
    }

    private TimeSpan Until(DateTimeOffset everythingDue)
    {
        var pause = everythingDue - time.GetUtcNow();
        if (_suspects.DueAt is { } due && due - _lastLook < pause) pause = due - _lastLook;
        return pause > TimeSpan.Zero ? pause : TimeSpan.Zero;
    }

    /// <summary>Early by up to a tenth, never late: the promise counts from the round.</summary>
    private static TimeSpan Jittered(TimeSpan every) => every * (0.9 + (Random.Shared.NextDouble() / 10));

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Corrected channel {ChannelId}: {Kind} × {Count} ({Subject}), of which no webhook had told")]
        public static partial void Corrected(ILogger logger, Guid channelId, string kind, int count, string subject);

        [LoggerMessage(Level = LogLevel.Warning, Message = "LiveKit cannot be asked ({Failure}): nothing is ended, status is stale until it can")]
        public static partial void Postponed(ILogger logger, string failure);

        [LoggerMessage(Level = LogLevel.Information, Message = "LiveKit can be asked again")]
        public static partial void Reachable(ILogger logger);
    }
}
