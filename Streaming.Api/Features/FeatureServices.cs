using Streaming.Api.Features.Ingresses;
using Streaming.Api.Features.Webhooks;

namespace Streaming.Api.Features;

internal static class FeatureServices
{
    /// <summary>The use cases that are more than a handler.</summary>
    public static IServiceCollection AddFeatures(this IServiceCollection services) =>
        services.AddScoped<IngressChanges>().AddSingleton<EventIntake>();
}
