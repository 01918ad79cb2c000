using System.Text.Json;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;
using Streaming.Core.Data;
using Streaming.Core.Viewers;

namespace Streaming.Api.Features.LiveUpdates;

/// <summary>
/// Tells those who follow a channel how many watch it, where that has changed, and every two seconds at most. It has no place in the log: nobody
/// wants to know what it was.
/// </summary>
internal sealed partial class ViewerNumbers(UpdateFeed feed, ViewerCounts counts, IOptions<JsonOptions> json, TimeProvider time, ILogger<ViewerNumbers> log) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(2);

    private Dictionary<Guid, long> _told = [];
    private bool _isWell = true;

    public byte[] Write(ViewerCount count) => Piece.Event(null, "viewers", JsonSerializer.Serialize(new ViewersNow(count.Viewers, count.AsOf), json.Value.SerializerOptions));

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await Tell(stoppingToken);
                _isWell = true;
            }
            catch (Exception e) when (Failures.IsTransient(e))
            {
                if (_isWell) Log.Postponed(log, e.GetType().Name);
                _isWell = false;
            }
        }
    }

    private async Task Tell(CancellationToken ct)
    {
        var byChannel = feed.Followers.Where(f => f.Channel is not null).ToLookup(f => f.Channel!.Value);
        if (byChannel.Count == 0) return;
        var told = new Dictionary<Guid, long>();
        foreach (var count in await counts.Of([.. byChannel.Select(c => c.Key)], ct))
        {
            told.Add(count.ChannelId, count.Viewers);
            if (_told.TryGetValue(count.ChannelId, out var before) && before == count.Viewers) continue;
            var piece = new Piece(0, Write(count));
            foreach (var follower in byChannel[count.ChannelId]) follower.Tell(piece);
        }

        _told = told;
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Viewer counts cannot be told: they cannot be read ({Failure})")]
        public static partial void Postponed(ILogger logger, string failure);
    }
}
