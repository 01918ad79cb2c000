using StackExchange.Redis;

namespace Bench;

internal static class RedisClient
{
    /// <summary>With the settings of the API, but for the patience of the first connection.</summary>
    public static Task<ConnectionMultiplexer> ConnectAsync(string connectionString) => ConnectionMultiplexer.ConnectAsync(connectionString, redis =>
    {
        redis.AbortOnConnectFail = false;
        redis.ConnectTimeout = 10_000;
        redis.AsyncTimeout = 1000;
        redis.BacklogPolicy = BacklogPolicy.FailFast;
        redis.AllowAdmin = true; // between rounds the append-only file is made small again
    });
}
