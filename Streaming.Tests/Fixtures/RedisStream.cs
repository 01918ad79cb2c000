using StackExchange.Redis;
using Streaming.Core.Events;

namespace Streaming.Tests.Fixtures;

/// <summary>A look at the event queue from outside.</summary>
public static class RedisStream
{
    /// <summary>Entries that are not yet applied.</summary>
    public static async Task<long> Length(RedisServer redis)
    {
        await using var connection = await ConnectionMultiplexer.ConnectAsync(redis.ConnectionString);
        return await connection.GetDatabase().StreamLengthAsync(EventQueue.StreamKey);
    }
}
