using Npgsql;
using StackExchange.Redis;

namespace Streaming.Tests.Fixtures;

/// <summary>Channels by the hundred, written as setting up and going live would have written them. The worker knows of no media of theirs and lets them be.</summary>
public static class ManyChannels
{
    /// <param name="category">One of the test's own, since the lists show everybody's.</param>
    /// <param name="live">Whether media is arriving.</param>
    public static async Task<IReadOnlyList<MadeChannel>> MakeChannels(this TestDatabase database, int count, string category, bool live = true, string title = "One of many made at once")
    {
        var made = Enumerable.Range(0, count).Select(_ => Guid.CreateVersion7()).Select(id => new MadeChannel(id, $"made-{id:N}")).ToList();
        await database.Write(
            """
            insert into users (id, created_at) select unnest(@users), now();
            insert into creator_applications (id, user_id, status, about, links, applied_at) select gen_random_uuid(), unnest(@users), 'Approved', '', '{}', now();
            insert into channels (id, user_id, title, category, is_chat_enabled, is_chat_delayed, is_chat_followers_only, reconnect_window_seconds, created_at, updated_at)
            select *, @title, @category, true, false, false, 60, now(), now() from unnest(@ids, @users);
            """,
            new("users", made.Select(m => m.UserId).ToArray()), new("ids", made.Select(m => m.Id).ToArray()), new("title", title), new("category", category));
        if (live) await database.GoLive([.. made.Select(m => m.Id)]);
        return made;
    }

    /// <summary>One after the other: a later one began later.</summary>
    public static Task GoLive(this TestDatabase database, params Guid[] channels) => database.Write(
        """
        insert into sessions (id, channel_id, started_at, reconnect_window_seconds)
        select gen_random_uuid(), id, now() - interval '1 hour' + n * interval '1 second', 60 from unnest(@ids) with ordinality o (id, n)
        """, new NpgsqlParameter("ids", channels));

    public static Task EndLive(this TestDatabase database, params Guid[] channels) => database.Write(
        "update sessions set media_ended_at = now(), reconnect_until = now(), end_reason = 'stopped' where media_ended_at is null and channel_id = any(@ids)", new NpgsqlParameter("ids", channels));

    public static async Task Write(this TestDatabase database, string sql, params NpgsqlParameter[] parameters)
    {
        await using var command = database.Source.CreateCommand(sql);
        command.Parameters.AddRange(parameters);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Says how many watch, as the worker does when it has counted them.</summary>
    public static Task Watch(this IDatabase redis, Guid channel, int viewers) => redis.StringSetAsync($"viewers:{channel}", $"4000000000000000:{viewers}", TimeSpan.FromMinutes(5));
}

/// <summary>A channel and its creator.</summary>
public sealed record MadeChannel(Guid Id, string UserId);
