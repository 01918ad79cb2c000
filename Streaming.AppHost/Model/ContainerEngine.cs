using Microsoft.Extensions.Configuration;
using Streaming.AppHost.Local;

namespace Streaming.AppHost.Model;

/// <summary>The container engine of this machine, if one runs. Aspire asks, too, but only when the model can no longer do without.</summary>
internal static class ContainerEngine
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public static async Task<bool> AnswersAsync(IConfiguration configuration) =>
        await RunAsync(configuration["ASPIRE_CONTAINER_RUNTIME"] ?? "docker", "info");

    /// <summary>Deletes the volumes of all containers in the model.</summary>
    public static async Task ForgetVolumesAsync(IDistributedApplicationBuilder builder)
    {
        var volumes = builder.Resources.SelectMany(resource => resource.Annotations.OfType<ContainerMountAnnotation>())
            .Where(mount => mount.Type == ContainerMountType.Volume).Select(mount => mount.Source!).ToArray();
        if (volumes is not [] && !await RunAsync(builder.Configuration["ASPIRE_CONTAINER_RUNTIME"] ?? "docker", ["volume", "rm", "--force", .. volumes]))
            throw new SetupException($"The data of the last run cannot be deleted while it still runs: volumes {string.Join(", ", volumes)}.");
    }

    private static async Task<bool> RunAsync(string engine, params string[] arguments)
    {
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            return await Tool.RunAsync(new StartCommand(engine, arguments), stop: patience.Token) is (0, _);
        }
        catch (Exception failure) when (failure is System.ComponentModel.Win32Exception or OperationCanceledException)
        {
            return false; // not installed, or it does not answer
        }
    }
}
