using StackExchange.Redis;

namespace Bench;

internal static class RedisClient
{
    /// <summary>With the settings of the API.</summary>
    public static ConnectionMultiplexer Connect(string connectionString) => ConnectionMultiplexer.Connect(connectionString, redis =>
    {
        redis.AbortOnConnectFail = false;
        redis.ConnectTimeout = 1000;
        redis.AsyncTimeout = 1000;
        redis.BacklogPolicy = BacklogPolicy.FailFast;
        redis.AllowAdmin = true; // between rounds the append-only file is made small again
    });
}
