using Microsoft.Extensions.Options;
using Streaming.Api.Http;

namespace Streaming.Api.Features.LiveUpdates;

/// <summary>What needs no look at the log: a sign of life where nothing happens, and the end of streams whose token has expired. Goes on while Postgres is away.</summary>
internal sealed class SignsOfLife(UpdateFeed feed, IOptions<LiveUpdateOptions> options, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan Coarsest = TimeSpan.FromSeconds(1);

    /// <summary>The first one at any moment, so that those who came at once do not beat at once for ever.</summary>
    public void Expect(Follower follower) => follower.BeatDueAt = time.GetUtcNow() + options.Value.HeartbeatEvery * (0.5 + Random.Shared.NextDouble() / 2);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var every = options.Value.HeartbeatEvery / 4;
        using var timer = new PeriodicTimer(every < Coarsest ? every : Coarsest, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            var (now, beat) = (time.GetUtcNow(), Piece.BeatAt(feed.Told));
            foreach (var follower in feed.Followers)
            {
                if (follower.ExpiresAt <= now) follower.End(Errors.Unauthorized);
                if (follower.BeatDueAt > now) continue;
                follower.BeatDueAt = now + options.Value.HeartbeatEvery;
                follower.Tell(beat);
            }
        }
    }
}
