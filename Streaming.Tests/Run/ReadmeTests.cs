using System.Text.RegularExpressions;
using Streaming.AppHost.Local;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Run;

/// <summary>README as a newcomer meets it: its tour is typed as it stands, and what it says will be seen is looked for.</summary>
[Collection(nameof(RunCommandTests))]
public sealed partial class ReadmeTests
{
    private const string Mark = "@@";

    private static readonly string Readme = File.ReadAllText(Path.Combine(Clone.Root, "README.md"));

    [Fact]
    public async Task The_tour_works_as_written()
    {
        var lines = BashBlock().Matches(Readme).SelectMany(block => block.Groups["code"].Value.Split('\n', StringSplitOptions.RemoveEmptyEntries)).ToList();
        Assert.True(lines.Count > 15, "The tour has shrunk: does this test still find it?");
        Assert.True(lines.Sum(line => Promised(line).Count) > 8, "The tour promises little: does this test still find what?");

        using var clone = new BuiltClone();
        await using var run = await clone.StartAsync();
        await clone.ReadyAsync(run);

        // After each line its number, so that an answer is known by the line that asked.
        var script = string.Join('\n', lines.Select((line, number) => $"{line}\nprintf '\\n{Mark}{number}\\n'"));
        await using var shell = await ProcessUnderTest.StartAsync(
            "tour", new StartCommand("bash", "-euo", "pipefail", "-c", script) { WorkingDirectory = clone.Path });
        Assert.True(await shell.Exited.WaitAsync(TimeSpan.FromSeconds(60)) == 0, shell.Log);

        var rest = shell.Log;
        for (var number = 0; number < lines.Count; number++)
        {
            var end = rest.IndexOf($"{Mark}{number}\n", StringComparison.Ordinal);
            Assert.True(end >= 0, shell.Log);
            Assert.All(Promised(lines[number]), promise => Assert.Contains(promise, rest[..end], StringComparison.Ordinal));
            rest = rest[end..];
        }

        Assert.Equal(0, await run.TerminateAsync());
    }

    [Fact]
    public void Whatever_the_map_names_is_there()
    {
        var named = Named().Matches(Readme[Readme.IndexOf("## Map of the house", StringComparison.Ordinal)..]).Select(match => match.Groups["path"].Value).ToList();
        Assert.True(named.Count >= 10, "The map has shrunk: does this test still find it?");
        Assert.All(named, path => Assert.True(Path.Exists(Path.Combine(Clone.Root, path)), path));
    }

    /// <summary>The pieces of JSON that the comment behind a command promises.</summary>
    private static List<string> Promised(string line) =>
        line.IndexOf("    # ", StringComparison.Ordinal) is >= 0 and var comment ? [.. Json().Matches(line[comment..]).Select(match => match.Value)] : [];

    [GeneratedRegex("```bash\n(?<code>.*?)```", RegexOptions.Singleline)]
    private static partial Regex BashBlock();

    [GeneratedRegex("\"[a-zA-Z]+\":(\"[a-z_]+\"|[a-z0-9]+)")]
    private static partial Regex Json();

    [GeneratedRegex(@"^\| `(?<path>[A-Za-z.]+(/[A-Za-z.]+)*/)`", RegexOptions.Multiline)]
    private static partial Regex Named();
}
