using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Streaming.AppHost.Local;

namespace Streaming.Tests.House;

/// <summary>What the product is built of is fixed to the last digit, and restore has found no advisory against any of it.</summary>
public sealed partial class DependenciesTests
{
    /// <summary>What is deployed.</summary>
    private static readonly string[] Programs = ["Streaming.Api", "Streaming.WebhookWorker"];

    [Fact]
    public void Every_version_is_named_once_and_exactly()
    {
        var versions = XDocument.Load(Path.Combine(Clone.Root, "Directory.Packages.props")).Descendants("PackageVersion").ToDictionary(v => v.Attribute("Include")!.Value, v => v.Attribute("Version")!.Value);
        Assert.NotEmpty(versions);
        Assert.All(versions, v => Assert.Matches(Exact(), v.Value));
        var projects = Directory.EnumerateFiles(Clone.Root, "*.csproj", SearchOption.AllDirectories).Where(f => !f.Contains("/artifacts/", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(projects);
        foreach (var reference in projects.SelectMany(f => XDocument.Load(f).Descendants("PackageReference")))
            Assert.True(reference.Attribute("Version") is null && reference.Attribute("VersionOverride") is null, $"{reference} has a version of its own.");
    }

    /// <summary>As restore judged when it last ran, packages of packages included. A feed that has no advisories says nothing against any.</summary>
    [Fact]
    public void Nothing_that_is_deployed_is_known_to_be_vulnerable()
    {
        foreach (var program in Programs)
        {
            var assets = File.ReadAllText(Path.Combine(Clone.Root, "artifacts", "obj", program, "project.assets.json"));
            var audit = JsonDocument.Parse(assets).RootElement.GetProperty("project").GetProperty("restore").GetProperty("restoreAuditProperties");
            Assert.Equal(("true", "low", "all"), (audit.GetProperty("enableAudit").GetString(), audit.GetProperty("auditLevel").GetString(), audit.GetProperty("auditMode").GetString()));
            Assert.Empty(AdvisoriesIn(assets));
        }
    }

    [Fact]
    public void An_advisory_is_seen() => Assert.Equal(["NU1903 Newtonsoft.Json"], AdvisoriesIn(
        """{"version":3,"logs":[{"code":"NU1701","level":"Warning","libraryId":"Old"},{"code":"NU1903","level":"Warning","message":"has a known high severity vulnerability","libraryId":"Newtonsoft.Json"}]}"""));

    private static List<string> AdvisoriesIn(string assets) =>
        JsonDocument.Parse(assets).RootElement.TryGetProperty("logs", out var logs)
            ? [.. logs.EnumerateArray().Select(l => $"{l.GetProperty("code").GetString()} {l.GetProperty("libraryId").GetString()}").Where(l => Advisory().IsMatch(l))]
            : [];

    [GeneratedRegex(@"^(\d+(\.\d+){1,3}(-[0-9A-Za-z.]+)?|\$\((DotNetPatch|AspireVersion)\))$")]
    private static partial Regex Exact();

    [GeneratedRegex("^NU190[1-4] ")]
    private static partial Regex Advisory();
}
