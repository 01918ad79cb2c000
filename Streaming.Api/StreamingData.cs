using StackExchange.Redis;
using Streaming.Core;
using Streaming.Core.Data;

namespace Streaming.Api;

internal static class StreamingData
{
    public static void AddStreamingData(this WebApplicationBuilder builder)
    {
        builder.AddRedisClient("redis", settings => settings.DisableHealthChecks = true, FailFast); // our own check asks for more than a ping
        builder.Services.AddStreamingCore();
        builder.Services.AddHostedService<FirstConnections>();
        builder.EnrichNpgsqlDbContext<StreamingDb>(settings =>
        {
            settings.DisableRetry = true; // a write that may have happened is not repeated behind the caller's back
            settings.DisableHealthChecks = true;
        });
    }

    /// <summary>A webhook has three seconds in all: a Redis that does not answer must be known to be away well before.</summary>
    private static void FailFast(ConfigurationOptions redis)
    {
        redis.AbortOnConnectFail = false;
        redis.ConnectTimeout = 1000;
        redis.AsyncTimeout = 1000;
        redis.BacklogPolicy = BacklogPolicy.FailFast;
    }
}
