using Streaming.Core.Data;
using Streaming.Core.LiveKit;
using Streaming.Core.LiveUpdates;
using Streaming.WebhookWorker.Leading;

namespace Streaming.WebhookWorker.Broadcasting;

/// <summary>
/// Tells the title and the other settings to everybody who is in a room, as the room's metadata, when the room begins and whenever they change.
/// Never by the ingress: any change of one cuts off whoever publishes.
/// </summary>
internal sealed partial class DescribedRooms(IServiceScopeFactory scopes, LiveKitApi livekit, TimeProvider time, ILogger<DescribedRooms> log) : ILeaderDuty
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(250), PauseAfterFailure = TimeSpan.FromSeconds(2);

    private const int AtOnce = 8, Most = 100;

    public async Task Run(CancellationToken ct)
    {
        for (var wasWaiting = false; ;)
        {
            var waiting = 0;
            try
            {
                waiting = await Tell(ct);
            }
            catch (Exception e) when (Failures.IsTransient(e))
            {
                waiting = Most;
            }

            if (waiting > 0 && !wasWaiting) Log.Postponed(log, waiting);
            wasWaiting = waiting > 0;
            await Task.Delay(wasWaiting ? PauseAfterFailure : Every, time, ct);
        }
    }

    /// <returns>How many could not be told.</returns>
    private async Task<int> Tell(CancellationToken ct)
    {
        await using var scope = scopes.CreateAsyncScope();
        var untold = await scope.ServiceProvider.GetRequiredService<RoomDescriptions>().Untold(Most, ct);
        var waiting = 0;
        await Parallel.ForEachAsync(untold, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = ct }, async (room, stop) =>
        {
            try
            {
                await Tell(room, stop);
            }
            catch (LiveKitException)
            {
                Interlocked.Increment(ref waiting); // which keeps none of the others waiting
            }
        });
        return waiting;
    }

    private async Task Tell(UntoldRoom room, CancellationToken ct)
    {
        await livekit.SetRoomMetadata(room.Channel.Id, StreamUpdated.Of(room.Channel).Written(), ct);
        await using var scope = scopes.CreateAsyncScope();
        await scope.ServiceProvider.GetRequiredService<RoomDescriptions>().Told(room, ct);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Up to {Count} rooms wait to be told how their streams are described")]
        public static partial void Postponed(ILogger logger, int count);
    }
}
