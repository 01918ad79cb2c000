using System.Globalization;
using System.Text.RegularExpressions;
using Npgsql;
using Streaming.AppHost.Local;

namespace Bench;

/// <summary>
/// A platform on a busy evening: 100,000 users, 1,000 channels that are all live, and 50,000 viewers, a tenth of whom are with the first
/// channel and few with the last.
/// </summary>
internal sealed partial class Crowd
{
    private const int Users = 100_000, LiveChannels = 1_000, Present = 50_000;

    private Crowd(BenchSystem system, IReadOnlyList<string> viewers) => (System, Viewers) = (system, viewers);

    public BenchSystem System { get; }

    public IReadOnlyList<string> Creators => System.Creators;

    /// <summary>Who is present somewhere.</summary>
    public IReadOnlyList<string> Viewers { get; }

    public static async Task<Crowd> GatherAsync(CancellationToken stop)
    {
        var system = await BenchSystem.StartAsync(stop, LiveChannels);
        try
        {
            var crowd = new Crowd(system, [.. Enumerable.Range(1, Present).Select(Viewer)]);
            await Progress.WhileAsync("gathering a crowd", crowd.FillAsync(stop));
            return crowd;
        }
        catch
        {
            await system.DisposeAsync();
            throw;
        }
    }

    /// <summary>A session token for each, from the development issuer.</summary>
    public static async Task<string[]> TokensAsync(Server api, IEnumerable<string> users, BenchOptions options) =>
        [.. (await api.AskAllAsync([.. users.Select(user => api.Post("/dev/tokens", $$"""{"userId":"{{user}}"}"""))], options)).Select(answer => Token().Match(answer).Value)];

    private static string Viewer(int number) => string.Create(CultureInfo.InvariantCulture, $"viewer-{number}");

    private async Task FillAsync(CancellationToken stop)
    {
        await using var database = NpgsqlDataSource.Create(System.DatabaseConnectionString);
        await using var batch = database.CreateBatch();
        batch.Timeout = 60;
        foreach (var statement in Statements) batch.BatchCommands.Add(new NpgsqlBatchCommand(statement));
        batch.BatchCommands[1].Parameters.AddWithValue("users", Users - LiveChannels);
        batch.BatchCommands[5].Parameters.AddWithValue("channels", System.Channels.ToArray());
        batch.BatchCommands[5].Parameters.AddWithValue("present", Present);
        await batch.ExecuteNonQueryAsync(stop);
        await using var analyze = database.CreateCommand("vacuum analyze");
        await analyze.ExecuteNonQueryAsync(stop);
    }

    private static readonly string[] Statements =
    [
        "insert into worker_pulse (id, beat_at) select id, now() + interval '1 day' from unnest(array[1, 2]) as id", // or all would be called stale
        "insert into users (id, created_at) select 'viewer-' || n, now() from generate_series(1, @users) as n",
        """
        update channels set title = 'Building a boat from planks and patience, part ' || substr(id::text, 33), thumbnail = 'https://cdn.example.com/thumbnails/' || id || '.webp',
               category = 'Woodworking', language = 'en', tags = array['boats', 'beginners']
        """,
        """
        insert into sessions (id, channel_id, started_at, reconnect_window_seconds)
        select gen_random_uuid(), id, now() - random() * interval '3 hours', 60 from channels
        """,
        """
        with rooms as (insert into room_sessions (room_sid, channel_id, started_at) select 'RM_' || id, id, now() - interval '4 hours' from channels returning room_sid, channel_id)
        insert into presences (participant_sid, room_sid, channel_id, role, person, joined_at)
        select 'PA_host_' || channel_id, room_sid, channel_id, 'Ingress', 'ingress:' || channel_id, now() - interval '3 hours' from rooms
        """,
        """
        insert into presences (participant_sid, room_sid, channel_id, role, person, joined_at)
        select 'PA_' || v.n, 'RM_' || v.channel_id, v.channel_id, 'Viewer', 'viewer:viewer-' || v.n, now() - random() * interval '3 hours'
        from (select n, (@channels::uuid[])[1 + floor(power(random(), 3) * cardinality(@channels::uuid[]))::int] as channel_id from generate_series(1, @present) as n) v
        """,
    ];

    [GeneratedRegex("(?<=\"token\":\")[^\"]+")]
    private static partial Regex Token();
}
