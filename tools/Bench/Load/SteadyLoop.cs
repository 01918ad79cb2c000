using System.Diagnostics;

namespace Bench.Load;

/// <summary>Requests at a steady rate, as many connections as it takes.</summary>
internal static class SteadyLoop
{
    private const int Connections = 32;

    /// <param name="answered">Which request has its answer, and how long that was after it was due.</param>
    public static async Task RunAsync(Uri server, IReadOnlyList<byte[]> requests, int perSecond, Action<int, TimeSpan> answered, CancellationToken stop)
    {
        var connections = await Task.WhenAll(Enumerable.Range(0, Connections).Select(_ => HttpConnection.OpenAsync(server)));
        var (next, start) = (-1, Stopwatch.GetTimestamp());
        await Task.WhenAll(connections.Select(DriveAsync));

        async Task DriveAsync(HttpConnection connection)
        {
            using (connection)
            {
                while (Interlocked.Increment(ref next) is var number && number < requests.Count)
                {
                    var due = start + (number * Stopwatch.Frequency / perSecond);
                    var ahead = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), due);
                    if (ahead > TimeSpan.Zero) await Task.Delay(ahead, stop);
                    await connection.AskAsync(requests[number]);
                    answered(number, Stopwatch.GetElapsedTime(due));
                }
            }
        }
    }
}
