using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Npgsql;
using Streaming.Core.Administration;
using Streaming.Core.Creators;
using Streaming.Core.Data;
using Streaming.Core.Discovery;
using Streaming.Core.Events;
using Streaming.Core.Health;
using Streaming.Core.Idempotency;
using Streaming.Core.LiveKit;
using Streaming.Core.LiveUpdates;
using Streaming.Core.Privacy;
using Streaming.Core.Reconciling;
using Streaming.Core.Sessions;
using Streaming.Core.Social;
using Streaming.Core.Streams;
using Streaming.Core.Viewers;

namespace Streaming.Core;

/// <summary>What API and worker share. The hosts bring Redis and the connection string.</summary>
public static class CoreServices
{
    /// <summary>With the configured database.</summary>
    public static IServiceCollection AddStreamingCore(this IServiceCollection services)
    {
        services.AddOptions<PostgresOptions>().BindConfiguration(PostgresOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddOptions<RedisOptions>().BindConfiguration(RedisOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        return services.AddStreamingCore(provider => provider.GetRequiredService<IOptions<PostgresOptions>>().Value.StreamingDb!);
    }

    public static IServiceCollection AddStreamingCore(this IServiceCollection services, Func<IServiceProvider, string> connectionString)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(provider => NpgsqlDataSource.Create(PostgresLimits.Within(connectionString(provider))));
        services.AddDbContextPool<StreamingDb>((provider, options) => StreamingDb.Configure(options, provider.GetRequiredService<NpgsqlDataSource>()));
        services.AddSingleton<Approvals>();
        services.AddSingleton<Administrators>();
        services.AddScoped<AdministratorChanges>();
        services.AddSingleton<EventQueue>();
        services.AddSingleton<EventApplier>();
        services.AddSingleton<Spool>();
        services.AddSingleton<DeadLetters>();
        services.AddSingleton<Accounting>();
        services.AddSingleton<Retention>();
        services.AddSingleton<Beliefs>();
        services.AddSingleton<Corrections>();
        services.AddSingleton<WorkerPulse>();
        services.AddSingleton<ViewerCounts>();
        services.AddSingleton<ChannelStates>();
        services.AddSingleton<Admissions>();
        services.AddSingleton<AllowedViewers>();
        services.AddSingleton<Bans>();
        services.AddSingleton<GuestAddresses>();
        services.AddSingleton<Relations>();
        services.AddSingleton<LiveChannels>();
        services.AddSingleton<LiveDirectory>();
        services.AddSingleton<ListOrders>();
        services.AddSingleton<ChannelCards>();
        services.AddSingleton<FollowedChannels>();
        services.AddSingleton<ChannelSearch>();
        services.AddSingleton<Recommendations>();
        services.AddSingleton<GoLiveNotices>();
        services.AddSingleton<RoomChecks>();
        services.AddScoped<RoomDescriptions>();
        services.AddSingleton<Devices>();
        services.AddSingleton<Timelines>();
        services.AddSingleton<UpdateLog>();
        services.AddSingleton<Conclusions>();
        services.AddSingleton<Audiences>();
        services.AddSingleton<Markers>();
        services.AddSingleton<KeyUseLedger>();
        services.AddSingleton<RememberedRequests>();
        services.AddSingleton<PersonalExport>();
        services.AddSingleton<Cutoffs>();
        services.AddSingleton<BroadcastLimits>();
        services.AddSingleton<Suspensions>();
        services.AddSingleton<IngestHealth>();
        services.AddHealthChecks().AddCheck<SchemaCheck>("postgres").AddCheck<DurabilityCheck>("redis").AddCheck<LiveKitCheck>("livekit");
        return services;
    }

    public static IServiceCollection AddLiveKit(this IServiceCollection services)
    {
        services.AddOptions<LiveKitOptions>().BindConfiguration(LiveKitOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddTransient<LiveKitApi.NarrowToken>();
        services.AddTransient<LiveKitApi.AnswerCheck>();
        services.AddHttpClient(LiveKitApi.HttpClientName).AddHttpMessageHandler<LiveKitApi.NarrowToken>().AddHttpMessageHandler<LiveKitApi.AnswerCheck>();
        services.AddSingleton<LiveKitApi>();
        services.AddSingleton<RoomRules>();
        services.AddSingleton<KeyEnforcement>();
        services.AddSingleton<OffAir>();
        services.AddSingleton<KeyRemoval>();
        services.AddSingleton<AccessTokens>();
        services.AddSingleton<WebhookSignature>();
        services.AddSingleton<Erasures>();
        return services;
    }
}
