using System.Globalization;
using Npgsql;
using StackExchange.Redis;
using Streaming.Core.Data;

namespace Streaming.Core.Viewers;

/// <summary>
/// How many people watch each channel: counted from those present, never added up, and cached in Redis. The cache may be lost at
/// any time; Postgres then answers.
/// </summary>
public sealed class ViewerCounts(NpgsqlDataSource database, IConnectionMultiplexer redis, TimeProvider time)
{
    /// <summary>As long as a wrong number can stay when a worker is killed between its commit and the count that should follow.</summary>
    public static readonly TimeSpan CacheFor = TimeSpan.FromSeconds(15);

    /// <summary>Old enough for whoever reads many to have them counted again, so that nobody waits for a thousand counts that expire at once.</summary>
    private static readonly TimeSpan RenewAfter = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan PatienceWithMany = TimeSpan.FromMilliseconds(250);

    /// <summary>Two workers may count at once and store in the other order: the later count, by Postgres' clock, stays.</summary>
    private const string StoreIfNewer =
        """
        local kept = redis.call('GET', KEYS[1])
        if kept and tonumber(string.match(kept, '^(%d+):')) > tonumber(ARGV[1]) then return 0 end
        redis.call('SET', KEYS[1], ARGV[1] .. ':' .. ARGV[2], 'PX', ARGV[3])
        return 1
        """;

    private readonly SharedReads<Guid, ViewerCount> _counts = new(async channels => (await Count(database, channels, CancellationToken.None)).ToDictionary(count => count.ChannelId));

    private int _renewing;

    /// <summary>Distinct people present in each channel, and when that was so.</summary>
    public Task<IReadOnlyList<ViewerCount>> Count(IReadOnlyCollection<Guid> channels, CancellationToken ct) => Count(database, channels, ct);

    private static async Task<IReadOnlyList<ViewerCount>> Count(NpgsqlDataSource database, IReadOnlyCollection<Guid> channels, CancellationToken ct)
    {
        await using var command = database.CreateCommand(
            """
            select c.id, v.viewers, statement_timestamp()
            from unnest(@channels) as c (id)
            cross join lateral (
                select count(distinct p.person) as viewers
                from (select room_sid, started_at from room_sessions where channel_id = c.id and finished_at is null offset 0) r -- each channel's own few rows, and no hashing of whole tables
                cross join lateral (select person, joined_at from presences where channel_id = c.id and room_sid = r.room_sid and role = 'Viewer' and is_present offset 0) p
                where (r.started_at is null or p.joined_at >= r.started_at) and p.person is distinct from (select 'viewer:' || user_id from channels where id = c.id)) v -- the creator, who looks at his own page
            """);
        command.Parameters.AddWithValue("channels", channels.ToArray());
        var counts = new List<ViewerCount>(channels.Count);
        await using var row = await command.ExecuteReaderAsync(ct);
        while (await row.ReadAsync(ct)) counts.Add(new ViewerCount(row.GetGuid(0), row.GetInt64(1), row.GetFieldValue<DateTimeOffset>(2)));
        return counts;
    }

    /// <summary>Whether he is among those who are counted.</summary>
    /// <param name="person">As in <see cref="Presence.Person"/>.</param>
    public async Task<bool> Includes(Guid channel, string person, CancellationToken ct)
    {
        await using var command = database.CreateCommand(
            $"select exists (select 1 from {Present.InRooms} where r.channel_id = @channel and p.role = 'Viewer' and p.person = @person)");
        command.Parameters.AddWithValue("channel", channel);
        command.Parameters.AddWithValue("person", person);
        return (bool)(await command.ExecuteScalarAsync(ct))!;
    }

    /// <summary>Counts and caches. For use after a commit that changed who is present.</summary>
    public async Task Refresh(IReadOnlyCollection<Guid> channels, CancellationToken ct)
    {
        if (channels.Count == 0) return;
        await Task.WhenAll((await Count(channels, ct)).Select(Store));
    }

    /// <summary>From the cache, or from Postgres when the cache has nothing or is away.</summary>
    public async Task<ViewerCount> Of(Guid channel, CancellationToken ct)
    {
        if (await Cached(channel) is { } cached) return cached;
        var counted = (await _counts.Of(channel, ct))!;
        try
        {
            await Store(counted); // where nobody comes or goes, no worker does it
        }
        catch (Exception e) when (Failures.IsOfRedis(e))
        {
            // The next one counts again.
        }

        return counted;
    }

    /// <summary>The same of several channels.</summary>
    public async Task<IReadOnlyList<ViewerCount>> Of(IReadOnlyCollection<Guid> channels, CancellationToken ct)
    {
        var cached = await Cached([.. channels]);
        Renew(cached ?? []);
        var others = channels.Except((cached ?? []).Select(c => c.ChannelId)).ToList();
        if (others.Count == 0) return cached ?? [];
        var counted = await Count(others, ct);
        try
        {
            if (cached is not null) await Task.WhenAll(counted.Select(Store));
        }
        catch (Exception e) when (Failures.IsOfRedis(e))
        {
            // As above.
        }

        return [.. cached ?? [], .. counted];
    }

    /// <summary>Counts what expires soon while it still serves.</summary>
    private void Renew(IReadOnlyList<ViewerCount> cached)
    {
        var before = time.GetUtcNow() - RenewAfter;
        Guid[] old = [.. cached.Where(c => c.AsOf < before).Select(c => c.ChannelId)];
        if (old.Length == 0 || Interlocked.Exchange(ref _renewing, 1) == 1) return;
        _ = Task.Run(async () =>
        {
            try
            {
                await Refresh(old, CancellationToken.None);
            }
            catch (Exception e) when (Failures.IsOfRedis(e) || Failures.IsTransient(e))
            {
                // They expire, and are counted then.
            }
            finally
            {
                Volatile.Write(ref _renewing, 0);
            }
        });
    }

    private Task Store(ViewerCount count) => redis.GetDatabase().ScriptEvaluateAsync(
        StoreIfNewer, [Key(count.ChannelId)], [Microseconds(count.AsOf), count.Viewers, (long)CacheFor.TotalMilliseconds]);

    private async Task<ViewerCount?> Cached(Guid channel)
    {
        try
        {
            return Read(channel, await redis.GetDatabase().StringGetAsync(Key(channel)));
        }
        catch (Exception e) when (Failures.IsOfRedis(e))
        {
            return null;
        }
    }

    /// <returns>Null when Redis is away, or too slow for somebody who waits for a list.</returns>
    private async Task<IReadOnlyList<ViewerCount>?> Cached(Guid[] channels)
    {
        try
        {
            var values = await redis.GetDatabase().StringGetAsync([.. channels.Select(Key)]).WaitAsync(PatienceWithMany);
            return [.. channels.Zip(values, Read).OfType<ViewerCount>()];
        }
        catch (Exception e) when (Failures.IsOfRedis(e))
        {
            return null;
        }
    }

    private static ViewerCount? Read(Guid channel, RedisValue value) => ((string?)value)?.Split(':') is [var at, var viewers]
        ? new ViewerCount(channel, long.Parse(viewers, CultureInfo.InvariantCulture), DateTimeOffset.UnixEpoch.AddMicroseconds(long.Parse(at, CultureInfo.InvariantCulture)))
        : null;

    private static RedisKey Key(Guid channel) => $"viewers:{channel}";

    private static long Microseconds(DateTimeOffset time) => (time - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
}

/// <param name="Viewers">Distinct people, whatever the number of their devices.</param>
/// <param name="AsOf">The moment the count speaks of, by Postgres' clock.</param>
public sealed record ViewerCount(Guid ChannelId, long Viewers, DateTimeOffset AsOf);
