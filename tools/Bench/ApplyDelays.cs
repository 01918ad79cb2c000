using System.Diagnostics;
using Bench.Load;
using Npgsql;
using Streaming.Core.LiveKit;

namespace Bench;

/// <summary>How long it is from a webhook's answer to its effect, when events come in steadily.</summary>
internal sealed class ApplyDelays
{
    private readonly List<TimeSpan> _sorted;

    private ApplyDelays(IEnumerable<TimeSpan> delays) => _sorted = [.. delays.Order()];

    public override string ToString() => $"p50 {At(0.50)}, p99 {At(0.99)}, at most {At(1)}";

    /// <summary>An effect is there when others can see it: so it is looked for, often.</summary>
    public static async Task<ApplyDelays> MeasureAsync(Server api, Webhooks webhooks, NpgsqlDataSource database, int perSecond, TimeSpan duration, CancellationToken stop)
    {
        var url = new Uri(api.Address, "/api/webhook/livekit");
        var bodies = webhooks.BodiesOfAllChannels((int)(perSecond * duration.TotalSeconds));
        string[] ids = [.. bodies.Select(body => WireEvent.Read(body).Id)];
        byte[][] requests = [.. bodies.Select(body => webhooks.Request(body, url))];
        long[] accepted = new long[bodies.Length], seen = new long[bodies.Length];

        var watching = WatchAsync();
        await SteadyLoop.RunAsync(url, requests, perSecond, (number, _) => accepted[number] = Stopwatch.GetTimestamp(), stop);
        await watching;
        return new ApplyDelays(accepted.Zip(seen, (from, to) => Stopwatch.GetElapsedTime(from, to)).Skip(perSecond)); // the first second compiles

        async Task WatchAsync()
        {
            for (var (first, last) = (0, 0); first < ids.Length;)
            {
                while (last < ids.Length && Volatile.Read(ref accepted[last]) != 0) last++;
                var waiting = Enumerable.Range(first, last - first).Where(number => seen[number] == 0).ToDictionary(number => ids[number]);
                await using var command = database.CreateCommand("select event_id from processed_events where event_id = any(@ids)");
                command.Parameters.AddWithValue("ids", waiting.Keys.ToArray());
                await using (var rows = await command.ExecuteReaderAsync(stop))
                {
                    while (await rows.ReadAsync(stop)) seen[waiting[rows.GetString(0)]] = Stopwatch.GetTimestamp();
                }

                while (first < last && seen[first] != 0) first++;
                await Task.Delay(5, stop);
            }
        }
    }

    private string At(double share) => $"{_sorted[(int)((_sorted.Count - 1) * share)].TotalMilliseconds:0} ms";
}
