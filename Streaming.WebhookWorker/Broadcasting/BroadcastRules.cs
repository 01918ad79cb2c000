using Microsoft.Extensions.Options;
using Streaming.Core.Data;
using Streaming.Core.LiveKit;
using Streaming.Core.Sessions;
using Streaming.Core.Streams;
using Streaming.WebhookWorker.Leading;

namespace Streaming.WebhookWorker.Broadcasting;

/// <summary>
/// Ends broadcasts that have lasted long enough, warns before, and makes LiveKit follow every cutoff: also the ones that it was not
/// there for, and publishers who come back with a token they still had.
/// </summary>
internal sealed partial class BroadcastRules(
    BroadcastLimits limits, Cutoffs cutoffs, OffAir offAir, KeyEnforcement keys, LiveKitApi livekit, Suspensions suspensions,
    IOptions<BroadcastingOptions> options, TimeProvider time, ILogger<BroadcastRules> log) : ILeaderDuty
{
    /// <summary>Longer than an encoder that reconnects by itself goes on trying.</summary>
    private static readonly TimeSpan Block = TimeSpan.FromSeconds(Cutoff.DefaultBlockSeconds);

    private bool _isReachable;

    public async Task Run(CancellationToken ct)
    {
        _isReachable = true;
        using var timer = new PeriodicTimer(options.Value.RulesEvery, time);
        do
        {
            try
            {
                await Apply(ct);
                _isReachable = true;
            }
            catch (Exception e) when (e is LiveKitException || Failures.IsTransient(e))
            {
                if (_isReachable) Log.Postponed(log, e.GetType().Name);
                _isReachable = false;
            }
        }
        while (await timer.WaitForNextTickAsync(ct));
    }

    internal async Task Apply(CancellationToken ct)
    {
        var now = time.GetUtcNow();
        await limits.Warn(now, ct);
        foreach (var (channel, reason) in await limits.Due(now, ct))
        {
            await cutoffs.Cut(channel, new CutOrder(reason, ChangeCause.Rule, now, now + Block), ct);
            Log.Ended(log, channel, reason);
            await offAir.TryEnforce(channel, ct);
        }

        await Enforce(now, ct);
    }

    /// <summary>Of one channel's failure the others do not suffer.</summary>
    private async Task Enforce(DateTimeOffset now, CancellationToken ct)
    {
        var (due, suspended) = (await cutoffs.ToEnforce(now, ct), await suspensions.Channels(ct));
        if (due.Count + suspended.Count == 0) return;
        LiveKitException? failure = null;
        var rooms = await livekit.ListRooms(ct);
        foreach (var channel in due.Keys.Union(suspended))
        {
            try
            {
                if (due.GetValueOrDefault(channel)) await keys.Enforce(channel, ct); // before its publisher is removed, who would come back
                if (rooms.ContainsKey(channel)) await offAir.RemovePublishers(channel, ct);
                else await cutoffs.Enforced(channel, now, ct); // nobody is in a room that does not stand
                if (rooms.ContainsKey(channel) && suspended.Contains(channel)) await livekit.DeleteRoom(channel, ct);
            }
            catch (LiveKitException e)
            {
                failure = e;
            }
        }

        if (failure is not null) throw failure;
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Ended the broadcast of channel {ChannelId}: {Reason}")]
        public static partial void Ended(ILogger logger, Guid channelId, string reason);

        [LoggerMessage(Level = LogLevel.Warning, Message = "LiveKit or the database cannot be reached ({Failure}): publishers to be removed are removed when it can")]
        public static partial void Postponed(ILogger logger, string failure);
    }
}
