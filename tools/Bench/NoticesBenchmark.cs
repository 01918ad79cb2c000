using Bench.Load;
using Npgsql;
using Streaming.AppHost.Local;

namespace Bench;

/// <summary>Whether events wait while a hundred thousand followers are told that somebody went live: their delay at a steady rate, without and with it.</summary>
internal static class NoticesBenchmark
{
    private const int Followers = 100_000, PerSecond = 500;
    private static readonly TimeSpan Steady = TimeSpan.FromSeconds(30), Patience = TimeSpan.FromMinutes(5);

    public static async Task RunAsync(BenchOptions options, CancellationToken stop)
    {
        await using var system = await BenchSystem.StartAsync(stop);
        await using var database = NpgsqlDataSource.Create(system.DatabaseConnectionString);
        var webhooks = new Webhooks([.. system.Channels.Skip(1)], BenchSystem.ApiKey, system.ApiSecret); // the first one's broadcast goes on
        await Progress.WhileAsync($"making {Followers:#,0} followers", FollowAsync(database, system.Channels[0], stop));
        var worker = await system.StartWorkerAsync(stop);
        var api = await system.StartApiAsync(stop);
        await ApplyDelays.MeasureAsync(api, webhooks, database, PerSecond, TimeSpan.FromSeconds(5), stop); // warms up

        for (var round = 0; round < 3; round++)
        {
            Console.WriteLine($"{PerSecond} events a second for {Steady.TotalSeconds:0} s, from accepted to visible:");
            Console.WriteLine($"  by themselves               {await ApplyDelays.MeasureAsync(api, webhooks, database, PerSecond, Steady, stop)}");
            await GoLiveAsync(database, system.Channels[0], stop);
            Console.WriteLine($"  while followers are told    {await ApplyDelays.MeasureAsync(api, webhooks, database, PerSecond, Steady, stop)}");
            Console.WriteLine($"  {await ToldAsync(database, system.Channels[0], stop)}\n");
        }

        await api.StopAsync();
        await worker.StopAsync();
    }

    private static Task FollowAsync(NpgsqlDataSource database, Guid channel, CancellationToken stop) => ExecuteAsync(database,
        $"""
        alter table follows disable trigger user; -- which count and note one by one
        insert into users (id, created_at) select 'follower-' || n, now() from generate_series(1, {Followers}) n;
        insert into follows (follower_id, followee_id, followed_at)
        select 'follower-' || n, c.user_id, now() - interval '1 day' from generate_series(1, {Followers}) n cross join channels c where c.id = '{channel}';
        alter table follows enable trigger user;
        analyze users, follows
        """, stop);

    /// <summary>Each time a session of its own.</summary>
    private static Task GoLiveAsync(NpgsqlDataSource database, Guid channel, CancellationToken stop) => ExecuteAsync(database,
        $"""
        update ingest_segments set ended_at = now() where channel_id = '{channel}' and ended_at is null;
        update sessions set media_ended_at = now(), reconnect_until = now() where channel_id = '{channel}' and media_ended_at is null;
        insert into sessions (id, channel_id, started_at, reconnect_window_seconds) values (gen_random_uuid(), '{channel}', now() - interval '15 seconds', 60);
        insert into ingest_segments (resource_id, channel_id, source, session_id, started_at, is_displaced)
        select 'RT_' || id, channel_id, 'Ingress', id, started_at, false from sessions where channel_id = '{channel}' and media_ended_at is null
        """, stop);

    private static async Task<string> ToldAsync(NpgsqlDataSource database, Guid channel, CancellationToken stop)
    {
        for (var deadline = TimeProvider.System.GetUtcNow() + Patience; TimeProvider.System.GetUtcNow() < deadline; await Task.Delay(200, stop))
        {
            await using var command = database.CreateCommand("select told, extract(epoch from closed_at - opened_at) from notice_fan_outs where channel_id = @c and closed_at is not null order by opened_at desc limit 1");
            command.Parameters.AddWithValue("c", channel);
            await using var row = await command.ExecuteReaderAsync(stop);
            if (await row.ReadAsync(stop)) return $"{row.GetInt32(0):#,0} followers were told within {row.GetDecimal(1):0.0} s";
        }

        throw new SetupException("The followers are not told.");
    }

    private static async Task ExecuteAsync(NpgsqlDataSource database, string sql, CancellationToken stop)
    {
        await using var command = database.CreateCommand(sql);
        command.CommandTimeout = 300;
        await command.ExecuteNonQueryAsync(stop);
    }
}
