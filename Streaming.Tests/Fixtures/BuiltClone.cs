using System.Text.Json.Nodes;
using Streaming.AppHost.Local;

namespace Streaming.Tests.Fixtures;

/// <summary>A clone of this one with what ./run needs, built already, and with data of its own.</summary>
public sealed class BuiltClone : IDisposable
{
    public BuiltClone(params string[] alsoFiles)
    {
        Path = TestDirectory.New("clone with a space");
        string[] parts = ["run", "tools/setup.sh", "tools/simulate", "global.json", "Streaming.sln", ".local/feed.props", .. alsoFiles];
        string[] programs = ["Streaming.AppHost", "Streaming.Api", "Streaming.WebhookWorker", "LiveKitSimulator"];
        var built = programs.SelectMany(program => Directory.EnumerateFiles(System.IO.Path.GetDirectoryName(Clone.Program(program))!, "*", SearchOption.AllDirectories));
        foreach (var file in parts.Select(part => System.IO.Path.Combine(Clone.Root, part)).Concat(built))
        {
            var target = System.IO.Path.Combine(Path, System.IO.Path.GetRelativePath(Clone.Root, file));
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }

    public string Path { get; }

    public string RunFile(string suffix = "") => System.IO.Path.Combine(Path, ".local", $"run{suffix}.json");

    public StartCommand Run(params string[] options) => new(System.IO.Path.Combine(Path, "run"), options);

    public Task<ProcessUnderTest> StartAsync(params string[] options) => ProcessUnderTest.StartAsync("run", Run([.. options, "--no-build"]));

    /// <summary>Waits for the only system that runs in this clone and reads where it is.</summary>
    public async Task<JsonNode> ReadyAsync(ProcessUnderTest run)
    {
        await UntilReadyAsync(run);
        return JsonNode.Parse(await File.ReadAllTextAsync(RunFile()))!;
    }

    public static async Task UntilReadyAsync(ProcessUnderTest run)
    {
        await Eventually.True(
            () => run.Exited.IsCompleted || run.Log.Contains("Ready.", StringComparison.Ordinal), within: TimeSpan.FromSeconds(90), evidence: () => run.Log);
        Assert.False(run.Exited.IsCompleted, run.Log);
    }

    public void Dispose() => TestDirectory.Delete(Path);
}
