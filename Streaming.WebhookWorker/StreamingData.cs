using Streaming.Core;
using Streaming.Core.Data;

namespace Streaming.WebhookWorker;

internal static class StreamingData
{
    public static void AddStreamingData(this WebApplicationBuilder builder)
    {
        builder.AddRedisClient("redis", settings => settings.DisableHealthChecks = true); // ours asks for more than a ping
        builder.Services.AddStreamingCore();
        builder.EnrichNpgsqlDbContext<StreamingDb>(settings =>
        {
            settings.DisableRetry = true; // whether work may be repeated is the inbox's decision
            settings.DisableHealthChecks = true;
        });
    }
}
