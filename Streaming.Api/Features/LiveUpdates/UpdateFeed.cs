using System.Collections.Concurrent;
using System.Diagnostics;
using Streaming.Core;
using Streaming.Core.Data;
using Streaming.Core.LiveUpdates;
using Streaming.Core.Viewers;

namespace Streaming.Api.Features.LiveUpdates;

/// <summary>
/// Reads the log of updates once for all who follow it on this replica, and tells each what is his. Who begins to follow is told all that gets
/// its position after that moment: what came before he reads himself. Needs nothing but Postgres; while that is away nobody is told anything,
/// and then everything.
/// </summary>
internal sealed partial class UpdateFeed(
    UpdateLog log, Admissions admissions, IHostApplicationLifetime lifetime, TimeProvider time, ILogger<UpdateFeed> logger) : BackgroundService
{
    /// <summary>Between two looks: what a change takes to be told, at most, when all is well.</summary>
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(200);

    private readonly Lock _turn = new();
    private readonly ConcurrentDictionary<Follower, byte> _followers = [];
    private readonly HashSet<(Guid Channel, string? User)> _toCheck = [];
    private long _captured, _read;
    private bool _isWell = true;

    /// <summary>The position up to which everybody here has been told everything.</summary>
    public long Told { get; private set; }

    public IEnumerable<Follower> Followers => _followers.Keys;

    /// <summary>From now on he is told what happens. Follow before looking at anything that he is to know at first: so there is no moment in between.</summary>
    /// <returns>Where the log began and ended then.</returns>
    public async Task<LogEnds> Follow(Follower follower, CancellationToken ct)
    {
        var ends = await log.Advance(ct);
        lock (_turn)
        {
            follower.From = Math.Max(ends.Head, _captured); // a round that began without him may have gone further
            _followers.TryAdd(follower, 0);
        }

        if (lifetime.ApplicationStopping.IsCancellationRequested) follower.End(null);
        return ends with { Head = follower.From };
    }

    public void Leave(Follower follower) => _followers.TryRemove(follower, out _);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Before the server stops, which waits for its requests.
        await using var stopping = lifetime.ApplicationStopping.Register(() =>
        {
            foreach (var follower in Followers) follower.End(null);
        });
        using var timer = new PeriodicTimer(Every, time);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await timer.WaitForNextTickAsync(stoppingToken);
                await Round(stoppingToken);
                _isWell = true;
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) // whatever it is, the API has other things to do than to stop for it
            {
                if (_isWell && Failures.IsTransient(e)) Log.Postponed(logger, e.GetType().Name);
                else if (_isWell) Log.Failed(logger, e);
                _isWell = false;
            }
        }
    }

    private async Task Round(CancellationToken ct)
    {
        if (_followers.IsEmpty) return;
        var ends = await log.Advance(ct);
        Follower[] followers;
        lock (_turn)
        {
            _captured = ends.Head;
            followers = [.. _followers.Keys];
        }

        if (followers.Length == 0) return;
        _read = Math.Max(_read, followers.Min(f => f.From));
        var byChannel = followers.Where(f => f.Channel is not null).ToLookup(f => f.Channel!.Value);
        var byUser = followers.Where(f => f.Channel is null).ToLookup(f => f.User!);
        while (_read < ends.Head)
        {
            var news = await log.Read(_read, ends.Head, [.. byChannel.Select(c => c.Key)], [.. byUser.Select(u => u.Key)], ct);
            foreach (var update in news) Tell(update, update.ChannelId is { } channel ? byChannel[channel] : byUser[update.UserId!]);
            _read = news.Count == UpdateLog.Piece ? news[^1].Position : ends.Head;
        }

        Told = ends.Head;
        await Check(byChannel, ct);
    }

    private void Tell(LoggedUpdate update, IEnumerable<Follower> followers)
    {
        if (update.Type == UpdateTypes.Access) _toCheck.Add((update.ChannelId!.Value, update.Concerned));
        if (UpdateTypes.IsInternal(update.Type)) return;

        using var span = ActivityContext.TryParse(update.TraceParent, null, isRemote: true, out var webhook) ? Telemetry.Source.StartActivity($"tell {update.Type}", ActivityKind.Producer, webhook) : null;
        var piece = Piece.Of(update);
        var told = 0;
        foreach (var follower in followers)
            if (update.Position > follower.From && (follower.IsOwner || !update.IsForOwner))
            {
                follower.Tell(piece);
                told++;
            }
        span?.SetTag("streaming.clients", told);
        Telemetry.LiveUpdatesSent.Add(told);
    }

    /// <summary>Whoever may have lost the right to see a channel is asked about, and if he has, his stream ends.</summary>
    private async Task Check(ILookup<Guid, Follower> byChannel, CancellationToken ct)
    {
        foreach (var channel in _toCheck.GroupBy(c => c.Channel).ToList())
        {
            var concerned = byChannel[channel.Key].Where(f => channel.Any(c => c.User is null || c.User == f.User)).ToList();
            if (concerned.Count > 0)
            {
                var rules = (await admissions.To(channel.Key, [.. concerned.Select(f => f.User).Distinct()], ct)).ToDictionary(a => a.UserId ?? "");
                foreach (var follower in concerned)
                    if (ChannelEvents.RefusalOf(rules.GetValueOrDefault(follower.User ?? "")) is { } refusal) follower.End(refusal);
            }

            _toCheck.RemoveWhere(c => c.Channel == channel.Key);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Live updates are postponed: the database cannot be read ({Failure})")]
        public static partial void Postponed(ILogger logger, string failure);

        [LoggerMessage(Level = LogLevel.Error, Message = "Live updates failed, and are taken up again")]
        public static partial void Failed(ILogger logger, Exception failure);
    }
}
