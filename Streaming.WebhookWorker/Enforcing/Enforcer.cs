using Microsoft.Extensions.Options;
using Streaming.Core.Data;
using Streaming.Core.LiveKit;
using Streaming.Core.Viewers;

namespace Streaming.WebhookWorker.Enforcing;

/// <summary>
/// Brings rooms in line with rules that changed, within two seconds and for as long as tokens from before can be used: LiveKit revokes
/// none, so whoever comes back with one is put out again. Every worker does it, so none has to be waited for.
/// </summary>
internal sealed partial class Enforcer(
    RoomChecks checks, RoomRules rules, Devices devices, Newcomers newcomers, IOptions<EnforcingOptions> options, TimeProvider time, ILogger<Enforcer> log) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(250);

    /// <summary>Rooms at once.</summary>
    private const int RoomsAtOnce = 8;

    private bool _isWell = true;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, time);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await Round(stoppingToken);
                _isWell = true;
                await timer.WaitForNextTickAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (Failures.IsTransient(e))
            {
                if (_isWell) Log.Postponed(log, e.GetType().Name);
                _isWell = false;
                await Task.Delay(Every, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>What is due, and whoever came in meanwhile.</summary>
    internal async Task Round(CancellationToken ct)
    {
        await NoteExcessDevices(ct);
        var (watched, due) = await checks.Take(ct);
        newcomers.Watched = watched;
        var arrived = newcomers.Take();
        if (due.Count == 0 && arrived.Count == 0) return;
        var work = due.GroupBy(c => c.ChannelId).Select(room => (Func<CancellationToken, Task>)(stop => Look(room.Key, [.. room], stop)))
            .Concat(arrived.Select(room => (Func<CancellationToken, Task>)(stop => Receive(room.Key, [.. room], stop))));
        await Parallel.ForEachAsync(work, new ParallelOptions { MaxDegreeOfParallelism = RoomsAtOnce, CancellationToken = ct }, async (item, stop) => await item(stop));
    }

    private async Task NoteExcessDevices(CancellationToken ct)
    {
        try
        {
            await devices.NoteExcess(newcomers.TakeJoined(), options.Value.DevicesPerUser, ct);
        }
        catch (Exception e) when (Failures.IsTransient(e))
        {
            newcomers.Missed();
            throw;
        }
    }

    private async Task Look(Guid channel, DueCheck[] due, CancellationToken ct)
    {
        try
        {
            var people = due.Any(c => c.Person.Length == 0) ? null : due.Select(c => c.Person).ToHashSet();
            var putRight = await rules.Apply(channel, people, options.Value.DevicesPerUser, ct);
            await checks.Done(due, putRight > 0, ct);
            if (putRight > 0) Log.PutRight(log, channel, putRight);
        }
        catch (LiveKitException e)
        {
            Log.NotYet(log, channel, e.Failure);
            await checks.Failed(due, ct);
        }
    }

    /// <summary>Only those who came in with what they may no longer do cost LiveKit a call.</summary>
    private async Task Receive(Guid channel, Newcomer[] arrived, CancellationToken ct)
    {
        var people = arrived.Select(n => Identity.PersonOf(n.Identity)).ToHashSet();
        try
        {
            var putRight = await rules.Apply(channel, [.. arrived.Select(n => (n.Identity, n.MaySendData))], ct);
            if (putRight == 0) return;
            Log.PutRight(log, channel, putRight);
            await checks.Seen(channel, people, isDue: false, ct);
        }
        catch (LiveKitException e)
        {
            Log.NotYet(log, channel, e.Failure);
            await checks.Seen(channel, people, isDue: true, ct);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "In the room of channel {ChannelId} {Count} were removed or had their permission changed")]
        public static partial void PutRight(ILogger logger, Guid channelId, int count);

        [LoggerMessage(Level = LogLevel.Warning, Message = "The room of channel {ChannelId} could not be brought in line with its rules ({Failure}): soon again")]
        public static partial void NotYet(ILogger logger, Guid channelId, LiveKitFailure failure);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Rooms wait to be brought in line with their rules ({Failure})")]
        public static partial void Postponed(ILogger logger, string failure);
    }
}
