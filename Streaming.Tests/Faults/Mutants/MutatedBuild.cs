using Streaming.AppHost.Local;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Faults.Mutants;

/// <summary>API and worker built from a copy of the sources in which all the bugs are planted, each behind its name. The product has none of them.</summary>
public sealed class MutatedBuild : IAsyncLifetime
{
    private static readonly string[] Sources = ["Streaming.Api", "Streaming.Core", "Streaming.ServiceDefaults", "Streaming.WebhookWorker", "standins"];
    private static readonly string[] Settings =
        ["Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props", "Feed.props", "BannedSymbols.txt", "global.json", ".editorconfig", ".local/feed.props"];

    private readonly string _copy = TestDirectory.New("mutants");

    public Programs Without => new(Program("Streaming.Api"), Program("Streaming.WebhookWorker"));

    public Programs With(Mutant mutant) => Without with { Mutant = mutant.Name };

    public async Task InitializeAsync()
    {
        foreach (var file in Sources.SelectMany(FilesOf).Concat(Settings.Where(s => File.Exists(Path.Combine(Clone.Root, s)))))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(InCopy(file))!);
            File.Copy(Path.Combine(Clone.Root, file), InCopy(file));
        }

        await File.WriteAllTextAsync(InCopy("Streaming.Core/PlantedBugs.cs"), $$"""
            global using static Streaming.Core.PlantedBugs;
            namespace Streaming.Core;
            public static class PlantedBugs { public static bool Planted(string name) => System.Environment.GetEnvironmentVariable("{{Mutant.Variable}}") == name; }
            """);
        await File.WriteAllTextAsync(InCopy("Streaming.WebhookWorker/PlantedBugs.cs"), "global using static Streaming.Core.PlantedBugs;\n");
        foreach (var change in Mutant.All.SelectMany(m => m.Changes))
        {
            var text = await File.ReadAllTextAsync(InCopy(change.File));
            Assert.True(text.Split(change.Sound).Length == 2, $"{change.File} has not once: {change.Sound}"); // the product has changed: so must the mutant
            await File.WriteAllTextAsync(InCopy(change.File), text.Replace(change.Sound, change.Planted, StringComparison.Ordinal));
        }

        foreach (var project in new[] { "Streaming.Api", "Streaming.WebhookWorker" }) await Build(project);
    }

    public Task DisposeAsync()
    {
        TestDirectory.Delete(_copy);
        return Task.CompletedTask;
    }

    private static IEnumerable<string> FilesOf(string folder) =>
        Directory.EnumerateFiles(Path.Combine(Clone.Root, folder), "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(Clone.Root, file));

    private async Task Build(string project)
    {
        string[] arguments = ["build", InCopy(project), "-c", Configuration, "-v", "q", "-nologo", "-nodeReuse:false", "-p:RunAnalyzers=false", "-p:TreatWarningsAsErrors=false", "-p:UseSharedCompilation=false"];
        await using var build = await ProcessUnderTest.StartAsync("build-of-mutants", new StartCommand("dotnet", arguments));
        Assert.True(await build.Exited.WaitAsync(TimeSpan.FromMinutes(5)) == 0, build.Log);
    }

    private string InCopy(string path) => Path.Combine(_copy, path);

    private string Program(string project) => Path.Combine(_copy, Path.GetRelativePath(Clone.Root, Clone.Program(project)));

    private static string Configuration => Path.GetFileName(Path.GetDirectoryName(Clone.Program("Streaming.Api"))!);
}
