using System.Diagnostics;
using Streaming.Tests.Api;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Security;

/// <summary>Each endpoint for viewers, asked by everybody.</summary>
public sealed class ViewerRolesTests
{
    /// <summary>anonymous (a guest), viewer (unapproved), blocked by the creator, another creator, the owner, an administrator.</summary>
    private static readonly (string Method, string Path, int[] Expected)[] Table =
    [
        ("GET", "/api/stream/{username}", [200, 200, 404, 200, 200, 200]),
        ("GET", "/api/stream/token/{creator}", [200, 200, 403, 200, 200, 200]),
        ("PUT", "/api/follows/{creator}", [401, 200, 404, 200, 422, 200]),
        ("GET", "/api/follows", [401, 200, 200, 200, 200, 200]),
        ("DELETE", "/api/follows/{creator}", [401, 200, 200, 200, 200, 200]),
        ("PUT", "/api/blocks/{bystander}", [401, 200, 200, 200, 200, 200]),
        ("GET", "/api/blocks", [401, 200, 200, 200, 200, 200]),
        ("DELETE", "/api/blocks/{bystander}", [401, 200, 200, 200, 200, 200]),
        ("GET", "/api/stream/allow-list", [401, 403, 403, 200, 200, 403]),
        ("PUT", "/api/stream/allow-list/{bystander}", [401, 403, 403, 200, 200, 403]),
        ("DELETE", "/api/stream/allow-list/{bystander}", [401, 403, 403, 200, 200, 403]),
        ("GET", "/api/me/username", [401, 200, 200, 200, 200, 200]),
    ];

    [Fact]
    public async Task Everybody_gets_this_and_the_hidden_looks_like_the_absent()
    {
        var system = await TestSystem.Shared;
        var (owner, _) = await system.NewLiveChannel();
        var username = $"o{owner.UserId[^20..]}";
        await owner.Api.PutJson("/api/me/username", $$"""{"username":"{{username}}"}""");
        var (viewer, blocked, bystander, administrator, other) = (await system.NewViewer(), await system.NewViewer(), await system.NewViewer(), await system.NewViewer(), await system.NewChannel());
        await owner.Api.PutJson($"/api/blocks/{blocked.UserId}", "");
        await using (var grant = system.Database.Source.CreateCommand("insert into administrators (user_id, granted_at) values (@id, now())"))
        {
            grant.Parameters.AddWithValue("id", administrator.UserId);
            await grant.ExecuteNonQueryAsync();
        }

        HttpClient[] roles = [system.Anonymous, viewer.Api, blocked.Api, other.Api, owner.Api, administrator.Api];
        foreach (var (method, path, expected) in Table)
        {
            var address = path.Replace("{username}", username, StringComparison.Ordinal).Replace("{creator}", owner.UserId, StringComparison.Ordinal).Replace("{bystander}", bystander.UserId, StringComparison.Ordinal);
            var statuses = new List<int>();
            foreach (var role in roles) statuses.Add((int)(await role.SendBytes(new HttpMethod(method), address, null)).StatusCode);
            Assert.True(expected.SequenceEqual(statuses), $"{method} {path}: {string.Join(", ", statuses)} instead of {string.Join(", ", expected)}");
        }

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
