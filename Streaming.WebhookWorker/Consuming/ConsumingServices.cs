using Streaming.WebhookWorker.Enforcing;

namespace Streaming.WebhookWorker.Consuming;

internal static class ConsumingServices
{
    public static void AddEventConsuming(this WebApplicationBuilder builder)
    {
        builder.Services.AddOptions<ConsumingOptions>().BindConfiguration(ConsumingOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(25));
        builder.Services.AddSingleton<Recoveries>();
        builder.Services.AddOptions<EnforcingOptions>().BindConfiguration(EnforcingOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddSingleton<Newcomers>();
        builder.Services.AddSingleton<EventProcessor>();
        builder.Services.AddSingleton<ViewerCountRefresher>();
        builder.Services.AddHostedService(provider => provider.GetRequiredService<ViewerCountRefresher>()); // stops last
        builder.Services.AddHostedService<QueueConsumer>();
        builder.Services.AddHostedService<SpoolDrainer>();
        builder.Services.AddHostedService<Enforcer>();
    }
}
