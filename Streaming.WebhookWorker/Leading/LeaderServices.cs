using Streaming.WebhookWorker.Broadcasting;
using Streaming.WebhookWorker.Housekeeping;
using Streaming.WebhookWorker.Notifying;
using Streaming.WebhookWorker.Reconciling;

namespace Streaming.WebhookWorker.Leading;

internal static class LeaderServices
{
    public static void AddLeaderDuties(this WebApplicationBuilder builder)
    {
        builder.Services.AddOptions<ReconcilingOptions>().BindConfiguration(ReconcilingOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddSingleton<ILeaderDuty, Reconciler>();
        builder.Services.AddOptions<BroadcastingOptions>().BindConfiguration(BroadcastingOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddSingleton<ILeaderDuty, BroadcastRules>();
        builder.Services.AddSingleton<ILeaderDuty, SessionEnds>();
        builder.Services.AddSingleton<ILeaderDuty, HealthLooks>();
        builder.Services.AddSingleton<ILeaderDuty, DescribedRooms>();
        builder.Services.AddOptions<NotifyingOptions>().BindConfiguration(NotifyingOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddSingleton<ILeaderDuty, FollowersTold>();
        builder.Services.AddSingleton<ILeaderDuty, OrphanIngresses>();
        builder.Services.AddSingleton<ILeaderDuty, KeyKeeper>();
        builder.Services.AddSingleton<ILeaderDuty, Janitor>();
        builder.Services.AddSingleton<ILeaderDuty, UpdateKeeping>();
        builder.Services.AddSingleton<ILeaderDuty, Auditor>();
        builder.Services.AddSingleton<ILeaderDuty, Forgetting>();
        builder.Services.AddHostedService<Leader>();
    }
}
