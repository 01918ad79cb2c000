using System.Text.RegularExpressions;
using Streaming.AppHost.Local;

namespace Streaming.Tests.House;

/// <summary>docs/security.md names the tests that hold each rule: they must be there.</summary>
public sealed partial class SecurityPageTests
{
    [Fact]
    public void Each_rule_names_tests_that_exist()
    {
        var tests = typeof(SecurityPageTests).Assembly.GetTypes().SelectMany(t => t.GetMethods()).Where(m => m.GetCustomAttributes(typeof(FactAttribute), inherit: false).Length > 0)
            .Select(m => m.Name).ToHashSet();
        var rules = File.ReadLines(Path.Combine(Clone.Root, "docs", "security.md")).Where(l => l.StartsWith("| ", StringComparison.Ordinal) && !l.StartsWith("| Rule", StringComparison.Ordinal)).ToList();

        Assert.True(rules.Count >= 30, $"{rules.Count} rules");
        Assert.All(rules, rule => Assert.NotEmpty(Named().Matches(rule)));
        // Those of the Aspire model are compiled only where there is Aspire.
        var sources = string.Concat(Directory.EnumerateFiles(Path.Combine(Clone.Root, "Streaming.Tests", "AppHost"), "*.cs").Select(File.ReadAllText));
        foreach (var name in rules.SelectMany(rule => Named().Matches(rule)).Select(match => match.Groups[1].Value))
            Assert.True(tests.Contains(name) || sources.Contains($" {name}(", StringComparison.Ordinal), $"There is no test {name}.");
    }

    [GeneratedRegex(@"`(\w+)`")]
    private static partial Regex Named();
}
