using Microsoft.Extensions.Configuration;
using Streaming.AppHost.Local;

namespace Streaming.AppHost.Model;

internal static class Dashboard
{
    private static readonly string[] Addresses = ["ASPNETCORE_URLS", "ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL", "ASPIRE_RESOURCE_SERVICE_ENDPOINT_URL"];

    /// <summary>launchSettings.json names its ports, so that people find it again; a second system at the same time gets others.</summary>
    public static void MoveFromTakenPorts(IConfiguration configuration, FreePorts ports)
    {
        foreach (var address in Addresses)
            if (Uri.TryCreate(configuration[address], UriKind.Absolute, out var url) && !FreePorts.IsFree(url.Port))
                configuration[address] = new UriBuilder(url) { Port = ports.Next() }.Uri.GetLeftPart(UriPartial.Authority);
    }
}
