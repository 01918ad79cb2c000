using System.Text.RegularExpressions;
using Streaming.AppHost.Local;

namespace Streaming.Tests.House;

/// <summary>docs/promise.md names the test that holds each point: it must be there.</summary>
public sealed partial class PromiseTests
{
    private static readonly string[] Points = [.. Heading().Split(File.ReadAllText(Path.Combine(Clone.Root, "docs", "promise.md"))).Skip(1)];

    [Fact]
    public void There_are_nine_points_and_each_has_a_test_that_holds_it()
    {
        var tests = typeof(PromiseTests).Assembly.GetTypes().SelectMany(t => t.GetMethods()).Where(m => m.IsDefined(typeof(FactAttribute), inherit: false)).Select(m => m.Name).ToHashSet();

        Assert.Equal(9, Points.Length);
        Assert.All(Points, point => Assert.NotEmpty(Named().Matches(point)));
        Assert.Empty(Points.SelectMany(point => Named().Matches(point)).Select(name => name.Groups[1].Value).Except(tests));
    }

    [GeneratedRegex(@"^## \d\. ", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"^\* `(\w+)`$", RegexOptions.Multiline)]
    private static partial Regex Named();
}
