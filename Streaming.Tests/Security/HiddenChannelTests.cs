using System.Diagnostics;
using Streaming.Tests.Api;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Security;

public sealed class HiddenChannelTests
{
    [Fact]
    public async Task A_channel_that_somebody_may_not_know_of_looks_like_one_that_is_not_there()
    {
        var system = await TestSystem.Shared;
        var (owner, _) = await system.NewLiveChannel();
        var username = $"o{owner.UserId[^20..]}";
        await owner.Api.PutJson("/api/me/username", $$"""{"username":"{{username}}"}""");
        var (viewer, blocked, other) = (await system.NewViewer(), await system.NewViewer(), await system.NewChannel());
        await owner.Api.PutJson($"/api/blocks/{blocked.UserId}", "");

        var absent = await Body(viewer.Api, "/api/stream/nobody-of-this-name");
        Assert.Equal(absent, await Body(blocked.Api, $"/api/stream/{username}"));
        foreach (var visibility in new[] { "private", "test" })
        {
            await owner.Api.PutJson("/api/stream/info", $$"""{"visibility":"{{visibility}}"}""").Stream();
            foreach (var role in new[] { system.Anonymous, viewer.Api, other.Api }) Assert.Equal(absent, await Body(role, $"/api/stream/{username}"));
            Assert.Equal(200, (int)(await owner.Api.GetAt($"/api/stream/{username}")).StatusCode);
        }
    }

    /// <summary>Asked for in turn, so that what slows the machine slows all three.</summary>
    [Fact]
    public async Task The_hidden_is_not_told_from_the_absent_by_how_long_it_takes()
    {
        const int Times = 100;
        var system = await TestSystem.Shared;
        var (viewer, closed, blocking) = (await system.NewViewer(), await system.NewChannel(), await system.NewChannel());
        await closed.Api.PutJson("/api/stream/info", """{"visibility":"private"}""");
        await blocking.Api.PutJson($"/api/blocks/{viewer.UserId}", "");
        var pages = new List<(string Path, List<double> Took)> { ("/api/stream/nobody-of-this-name", []) };
        foreach (var creator in new[] { closed, blocking })
        {
            var username = $"t{creator.UserId[^20..]}";
            await creator.Api.PutJson("/api/me/username", $$"""{"username":"{{username}}"}""");
            pages.Add(($"/api/stream/{username}", []));
        }

        for (var i = -10; i < Times; i++)
            foreach (var (path, took) in pages)
            {
                var started = Stopwatch.GetTimestamp();
                await (await viewer.Api.GetAt(path)).IsError(404, "channel_not_found");
                if (i >= 0) took.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            }

        foreach (var (_, took) in pages) took.Sort();
        var absent = pages[0].Took;
        var noise = Math.Max(2, absent[Times * 3 / 4] - absent[Times / 4]);
        foreach (var (path, took) in pages)
            Assert.True(Math.Abs(took[Times / 2] - absent[Times / 2]) <= noise, $"{path} takes {took[Times / 2]:0.0} ms, what is absent {absent[Times / 2]:0.0} ms, give or take {noise:0.0} ms.");
    }

    /// <summary>Without what names the request.</summary>
    private static async Task<string> Body(HttpClient api, string path)
    {
        var error = await (await api.GetAt(path)).IsError(404, "channel_not_found");
        return $"{error.GetProperty("code")} {error.GetProperty("error")} {error.TryGetProperty("details", out _)}";
    }
}
