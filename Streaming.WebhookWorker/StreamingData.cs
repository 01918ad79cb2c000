using Streaming.Core;
using Streaming.Core.Data;
using Streaming.WebhookWorker.Housekeeping;

namespace Streaming.WebhookWorker;

internal static class StreamingData
{
    public static void AddStreamingData(this WebApplicationBuilder builder)
    {
        builder.AddRedisClient("redis", settings => settings.DisableHealthChecks = true); // ours asks for more than a ping
        builder.Services.AddStreamingCore();
        builder.Services.AddOptions<AdministratorOptions>().BindConfiguration(AdministratorOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddOptions<DatabaseRoleOptions>().BindConfiguration(DatabaseRoleOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        builder.EnrichNpgsqlDbContext<StreamingDb>(settings =>
        {
            settings.DisableRetry = true; // whether work may be repeated is the inbox's decision
            settings.DisableHealthChecks = true;
        });
    }
}
