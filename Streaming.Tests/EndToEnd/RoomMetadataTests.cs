using System.Text.Json;
using Livekit.Server.Sdk.Dotnet;
using Streaming.Tests.Api;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.EndToEnd;

/// <summary>Whoever is in a room knows by LiveKit alone how the stream is described.</summary>
public sealed class RoomMetadataTests : IAsyncLifetime
{
    private TestSystem _system = null!;

    public async Task InitializeAsync() => _system = await TestSystem.Shared;

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task A_room_is_told_the_title_as_it_begins_and_at_every_change_and_the_stream_goes_on()
    {
        var (creator, room) = await _system.NewLiveChannel();
        await Eventually.Equal("Untitled stream", () => TitleIn(room));

        await creator.Api.PutJson("/api/stream/info", """{"title":"Second title","tags":["one"]}""").Stream();
        await Eventually.Equal("Second title", () => TitleIn(room), within: TimeSpan.FromSeconds(5));
        Assert.Equal("one", (await MetadataOf(room)).GetProperty("tags")[0].GetString());

        await creator.Api.PutJson("/api/stream/chat-settings", """{"isChatFollowersOnly":true}""").Stream();
        await Eventually.True(async () => (await MetadataOf(room)).GetProperty("isChatFollowersOnly").GetBoolean(), within: TimeSpan.FromSeconds(5));
        Assert.True(await creator.IsLive());
    }

    private async Task<string?> TitleIn(string room) => (await MetadataOf(room)).GetProperty("title").GetString();

    private async Task<JsonElement> MetadataOf(string room)
    {
        using var http = new HttpClient(new SocketsHttpHandler());
        var liveKit = new RoomServiceClient(_system.LiveKitHost.Address.ToString(), _system.LiveKitHost.Options.ApiKey, _system.LiveKitHost.Options.ApiSecret.Reveal(), http);
        var list = await liveKit.ListRooms(new ListRoomsRequest { Names = { room } });
        return JsonDocument.Parse(list.Rooms.Single().Metadata).RootElement;
    }
}
