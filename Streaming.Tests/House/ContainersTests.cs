using System.Xml.Linq;
using Streaming.AppHost.Local;

namespace Streaming.Tests.House;

/// <summary>The images that a deployment makes of API and worker, by the SDK: their projects say what is in them.</summary>
public sealed class ContainersTests
{
    [Theory]
    [InlineData("Streaming.Api")]
    [InlineData("Streaming.WebhookWorker")]
    public void A_service_runs_as_nobody_in_particular_in_an_image_without_a_shell(string project)
    {
        var properties = XDocument.Load(Path.Combine(Clone.Root, project, $"{project}.csproj")).Descendants("PropertyGroup").Elements().ToDictionary(p => p.Name.LocalName, p => p.Value);

        Assert.Equal("noble-chiseled", properties["ContainerFamily"]);
        Assert.Equal("1654", properties["ContainerUser"]); // a number: an orchestrator that must refuse root can tell
        Assert.False(properties.ContainsKey("ContainerBaseImage"));
        Assert.Empty(Directory.EnumerateFiles(Clone.Root, "Dockerfile*", SearchOption.AllDirectories)); // else the image would be another's
    }
}
