using Streaming.Api.Features.Account;
using Streaming.Api.Features.Administrators;
using Streaming.Api.Features.AllowList;
using Streaming.Api.Features.Applications;
using Streaming.Api.Features.Audit;
using Streaming.Api.Features.Banning;
using Streaming.Api.Features.Blocks;
using Streaming.Api.Features.Broadcasts;
using Streaming.Api.Features.ChannelPage;
using Streaming.Api.Features.ChatSettings;
using Streaming.Api.Features.CreatorToken;
using Streaming.Api.Features.Discovery;
using Streaming.Api.Features.Follows;
using Streaming.Api.Features.Info;
using Streaming.Api.Features.Ingresses;
using Streaming.Api.Features.LiveUpdates;
using Streaming.Api.Features.Notices;
using Streaming.Api.Features.Pipeline;
using Streaming.Api.Features.Profile;
using Streaming.Api.Features.Sessions;
using Streaming.Api.Features.Status;
using Streaming.Api.Features.Suspending;
using Streaming.Api.Features.ViewerToken;
using Streaming.Api.Features.Webhooks;

namespace Streaming.Api.Features;

internal static class FeatureEndpoints
{
    /// <summary>The use cases that are more than a handler.</summary>
    public static IServiceCollection AddFeatures(this IServiceCollection services)
    {
        services.AddOptions<ApplicationOptions>().BindConfiguration(ApplicationOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        return services.AddScoped<IngressChanges>().AddScoped<KeyCreation>().AddScoped<KeyReveals>().AddScoped<KeyQualityChanges>().AddScoped<KeyUses>().AddSingleton<KeyList>().AddScoped<KeyStates>()
            .AddScoped<InfoChanges>().AddScoped<PreflightChecks>().AddScoped<SessionReading>().AddScoped<SuspensionChanges>().AddScoped<Decisions>().AddSingleton<EventIntake>().AddSingleton<GuestPass>().AddViewerTokens().AddLiveUpdates().AddDiscovery();
    }

    public static void MapFeatures(this IEndpointRouteBuilder app)
    {
        app.MapIngress();
        app.MapStreamInfo();
        app.MapChatSettings();
        app.MapStreamStatus();
        app.MapCreatorToken();
        app.MapUsername();
        app.MapBroadcasts();
        app.MapViewerToken();
        app.MapChannelPage();
        app.MapDiscovery();
        app.MapAllowList();
        app.MapLiveUpdates();
        app.MapFollows();
        app.MapBlocks();
        app.MapBans();
        app.MapNotices();
        app.MapSessions();
        app.MapTimeline();
        app.MapLiveKitWebhook();
        app.MapPipeline();
        app.MapApplication();
        app.MapReview();
        app.MapAdministrators();
        app.MapAudit();
        app.MapAccount();
        app.MapSuspensions();
    }
}
