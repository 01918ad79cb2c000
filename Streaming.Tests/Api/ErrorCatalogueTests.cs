using Streaming.Api.Http;
using Streaming.AppHost.Local;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Api;

public sealed class ErrorCatalogueTests
{
    private const string Page = "docs/errors.md", Head = "| Status | Code | Sentence | When |\n|---|---|---|---|\n";

    [Fact]
    public async Task The_documented_errors_are_those_of_the_code()
    {
        var page = await File.ReadAllTextAsync(Path.Combine(Clone.Root, Page));
        var introduction = page[..(page.IndexOf(Head, StringComparison.Ordinal) + Head.Length)];

        Assert.EndsWith(Head, introduction, StringComparison.Ordinal);
        Assert.NotEmpty(Errors.All);
        Assert.True(
            await Committed.Is(Page, introduction + string.Concat(Errors.All.Select(e => $"| {e.Status} | `{e.Code}` | {e.Sentence} | {e.When} |\n"))),
            $"{Page} does not show the errors of the code. {Committed.HowToWrite}");
    }

    [Fact]
    public async Task The_page_says_for_each_status_what_to_do()
    {
        var page = await File.ReadAllLinesAsync(Path.Combine(Clone.Root, Page));
        var advised = page.SkipWhile(l => !l.StartsWith("| Status | What to do", StringComparison.Ordinal)).Skip(2).TakeWhile(l => l.StartsWith('|'))
            .SelectMany(l => l.Split('|')[1].Split(',')).Select(s => int.Parse(s, null));

        Assert.Empty(Errors.All.Select(e => e.Status).Distinct().Except(advised));
    }

    [Fact]
    public void Each_error_has_a_code_of_its_own_and_a_sentence()
    {
        Assert.Equal(Errors.All.Count, Errors.All.DistinctBy(e => e.Code).Count());
        Assert.All(Errors.All, e =>
        {
            Assert.Matches("^[a-z]+(_[a-z]+)*$", e.Code);
            Assert.Matches(@"^[A-Z].*\.$|=true\.$", e.Sentence);
            Assert.InRange(e.Status, 400, 599);
        });
    }

    [Theory]
    [InlineData(400), InlineData(401), InlineData(403), InlineData(404), InlineData(405), InlineData(408), InlineData(409), InlineData(412), InlineData(413), InlineData(415), InlineData(429), InlineData(500), InlineData(503)]
    public void A_bare_status_has_an_error_of_that_status(int status) => Assert.Equal(status, Errors.Of(status).Status);
}
