using System.Net;
using System.Text.Json;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Api;

/// <summary>A channel as visitors see it.</summary>
public sealed class ChannelPageTests : IAsyncLifetime
{
    private TestSystem _system = null!;

    public async Task InitializeAsync() => _system = await TestSystem.Shared;

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task It_is_there_before_during_and_after_a_broadcast_however_its_name_is_written()
    {
        var (creator, name) = await Named();
        await creator.Api.PutJson("/api/stream/info", """{"title":"A shed","thumbnail":"https://cdn.example.com/a.png"}""").Stream();
        var before = await Page(_system.Anonymous, name.ToUpperInvariant());
        Assert.Equal(
            ["userId", "username", "title", "thumbnail", "category", "language", "tags", "isMature", "visibility", "allowGuests", "isLive", "state", "viewerCount", "followerCount", "chat", "me", "stale", "asOf"],
            before.EnumerateObject().Select(p => p.Name));
        Assert.Equal((creator.UserId, name, "A shed", false, "offline"), (Text(before, "userId"), Text(before, "username"), Text(before, "title"), before.GetProperty("isLive").GetBoolean(), Text(before, "state")));

        await _system.LiveKit.GoLive(creator.StreamKey);
        await Eventually.Equal("live", async () => Text(await Page(_system.Anonymous, name), "state"));
        await _system.LiveKit.ViewerJoins(await creator.Room(), "viewer:ann:1");
        await Eventually.Equal(1, async () => (await Page(_system.Anonymous, name)).GetProperty("viewerCount").GetInt32());
        await _system.LiveKit.Stop(creator.StreamKey);
        await Eventually.Equal("reconnecting", async () => Text(await Page(_system.Anonymous, name), "state"));
        Assert.DoesNotContain(creator.StreamKey[^4..], (await Page(creator.Api, name)).GetRawText().Replace(creator.UserId, "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_says_what_visitor_and_creator_are_to_each_other_and_whether_he_may_chat()
    {
        var (creator, name) = await Named();
        var viewer = await _system.NewViewer();
        await creator.Api.PutJson("/api/stream/chat-settings", """{"isChatFollowersOnly":true}""").Stream();

        Assert.Equal("""{"isOwner":false,"following":false,"canWatch":true}""", (await Page(viewer.Api, name)).GetProperty("me").GetRawText());
        Assert.Equal((false, "followersOnly"), Chat(await Page(viewer.Api, name)));
        Assert.Equal((false, "guest"), Chat(await Page(_system.Anonymous, name)));
        Assert.Equal((true, null), Chat(await Page(creator.Api, name)));

        await viewer.Api.PutJson($"/api/follows/{creator.UserId}", "");
        var followed = await Page(viewer.Api, name);
        Assert.True(followed.GetProperty("me").GetProperty("following").GetBoolean());
        Assert.True(followed.GetProperty("me").TryGetProperty("followedAt", out _));
        Assert.Equal((true, null), Chat(followed));
        Assert.Equal(1, followed.GetProperty("followerCount").GetInt32());

        await creator.Api.PutJson("/api/stream/info", """{"visibility":"followers"}""").Stream();
        Assert.Equal("followersOnly", Text((await Page(_system.Anonymous, name)).GetProperty("me"), "reason"));
        Assert.True((await Page(viewer.Api, name)).GetProperty("me").GetProperty("canWatch").GetBoolean());
    }

    [Fact]
    public async Task Who_has_no_channel_or_no_name_has_no_page()
    {
        var viewer = await _system.NewViewer();
        var name = $"v{viewer.UserId[^20..]}";
        await viewer.Api.PutJson("/api/me/username", $$"""{"username":"{{name}}"}""");
        foreach (var absent in new[] { name, "x", "a%20b", "%2e%2e%2e", "nobody-at-all", $"{Guid.CreateVersion7()}" })
            await (await viewer.Api.GetAt($"/api/stream/{absent}")).IsError(404, "channel_not_found");
    }

    private async Task<(TestCreator Creator, string Name)> Named()
    {
        var creator = await _system.NewChannel();
        var name = $"c{creator.UserId[^20..]}";
        await creator.Api.PutJson("/api/me/username", $$"""{"username":"{{name}}"}""");
        return (creator, name);
    }

    private static async Task<JsonElement> Page(HttpClient api, string name) => await TestCreator.Read(await api.GetAt($"/api/stream/{name}"), HttpStatusCode.OK);

    private static string? Text(JsonElement parent, string member) => parent.GetProperty(member).GetString();

    private static (bool CanChat, string? Reason) Chat(JsonElement page) =>
        (page.GetProperty("chat").GetProperty("canChat").GetBoolean(), page.GetProperty("chat").TryGetProperty("reason", out var reason) ? reason.GetString() : null);
}
