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
                waiting = await Tell(wasWaiting ? 1 : AtOnce, ct);
            }
            catch (Exception e) when (e is LiveKitException || Failures.IsTransient(e))
            {
                waiting = Most;
            }

            if (waiting > 0 && !wasWaiting) Log.Postponed(log, waiting);
            wasWaiting = waiting > 0;
            await Task.Delay(wasWaiting ? PauseAfterFailure : Every, time, ct);
        }
    }

    /// <param name="atOnce">One, where nobody may be there to hear it: then the first tells of them all.</param>
    /// <returns>How many LiveKit did not want to be told.</returns>
    /// <exception cref="LiveKitException">LiveKit cannot be told: the rest waits too.</exception>
    private async Task<int> Tell(int atOnce, CancellationToken ct)
    {
        await using var scope = scopes.CreateAsyncScope();
        var untold = await scope.ServiceProvider.GetRequiredService<RoomDescriptions>().Untold(Most, ct);
        var waiting = 0;
        await Parallel.ForEachAsync(untold, new ParallelOptions { MaxDegreeOfParallelism = atOnce, CancellationToken = ct }, async (room, stop) =>
        {
            try
            {
                await Tell(room, stop);
            }
            catch (LiveKitException e) when (e.Failure is LiveKitFailure.Refused or LiveKitFailure.BadAnswer)
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
