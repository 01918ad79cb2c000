using System.Text.Json;
using Streaming.AppHost.Local;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Clients;

/// <summary>clients/typescript: made from the committed contract, compiled, and used against the API as it runs.</summary>
public sealed class TypeScriptClientTests
{
    [NodeFact]
    public async Task A_client_made_of_the_committed_contract_compiles_and_goes_live()
    {
        var client = await Installed();
        await Npm(client, [], "run", "build");
        var system = await TestSystem.Shared;
        var creator = await system.NewCreator();

        var said = await Npm(
            client,
            new()
            {
                ["STREAMING_API"] = system.Anonymous.BaseAddress!.ToString(),
                ["STREAMING_TOKEN"] = await system.Token(creator.UserId),
                ["STREAMING_SIMULATOR"] = system.LiveKitHost.Address.ToString(),
            },
            "run", "--silent", "tour");

        var seen = JsonDocument.Parse(said).RootElement;
        Assert.Equal(("live", "stream_live"), (seen.GetProperty("state").GetString(), seen.GetProperty("refusedWith").GetString()));
        Assert.True(await creator.IsLive());
        Assert.Equal((await creator.Info()).GetProperty("ingress").GetProperty("id").GetString(), seen.GetProperty("ingressId").GetString());
    }

    /// <summary>A copy in artifacts/, with its packages, which the next run finds there.</summary>
    private static async Task<string> Installed()
    {
        var (source, target) = (Path.Combine(Clone.Root, "clients", "typescript"), Path.Combine(Clone.Root, "artifacts", "clients", "typescript"));
        Directory.CreateDirectory(Path.Combine(target, "src"));
        Directory.CreateDirectory(Path.Combine(target, "..", "..", "docs"));
        File.Copy(Path.Combine(Clone.Root, "docs", "openapi.json"), Path.Combine(target, "..", "..", "docs", "openapi.json"), overwrite: true);
        var (was, wanted) = (Path.Combine(target, "node_modules", ".lock-it-was-made-of"), Path.Combine(source, "package-lock.json"));
        foreach (var file in new[] { "package.json", "package-lock.json", "tsconfig.json", "src/index.ts", "src/tour.ts" })
            File.Copy(Path.Combine(source, file), Path.Combine(target, file), overwrite: true);
        if (!File.Exists(was) || await File.ReadAllTextAsync(was) != await File.ReadAllTextAsync(wanted))
        {
            await Npm(target, [], "ci", "--no-audit", "--no-fund");
            File.Copy(wanted, was, overwrite: true);
        }
        return target;
    }

    private static async Task<string> Npm(string folder, Dictionary<string, string> environment, params string[] arguments)
    {
        await using var npm = await ProcessUnderTest.StartAsync("npm", new StartCommand("npm", arguments) { WorkingDirectory = folder, Environment = environment });
        var code = await npm.Exited.WaitAsync(TimeSpan.FromMinutes(3));
        Assert.True(code == 0, $"npm {string.Join(' ', arguments)}: {npm.Log}");
        return npm.Log;
    }

    private sealed class NodeFactAttribute : FactAttribute
    {
        public NodeFactAttribute()
        {
            var path = Environment.GetEnvironmentVariable("PATH")?.Split(':') ?? [];
            if (!path.Any(folder => File.Exists(Path.Combine(folder, "npm")))) Skip = "npm is not installed: without it no TypeScript client can be made.";
        }
    }
}
