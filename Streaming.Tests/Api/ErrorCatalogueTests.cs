using Streaming.Api.Http;
using Streaming.AppHost.Local;

namespace Streaming.Tests.Api;

public sealed class ErrorCatalogueTests
{
    [Fact]
    public async Task The_documented_errors_are_those_of_the_code()
    {
        var page = await File.ReadAllLinesAsync(Path.Combine(Clone.Root, "docs", "errors.md"));
        var documented = page.SkipWhile(l => !l.StartsWith("| Status", StringComparison.Ordinal)).Skip(2).TakeWhile(l => l.StartsWith('|'));

        Assert.NotEmpty(Errors.All);
        Assert.Equal(Errors.All.Select(e => $"| {e.Status} | `{e.Code}` | {e.Sentence} | {e.When} |"), documented);
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
