using System.Text.Json;
using Livekit.Server.Sdk.Dotnet;
using Streaming.Tests.Api;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.EndToEnd;

/// <summary>Whoever is in a room knows by LiveKit alone how the stream is described.</summary>
public sealed class RoomMetadataTests(RoomMetadataTests.Wired wired) : IClassFixture<RoomMetadataTests.Wired>
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(5);

    [Fact]
    public async Task A_room_is_told_the_title_as_it_begins_and_at_every_change_and_the_stream_goes_on()
    {
        var (creator, room) = await wired.System.NewLiveChannel();
        await Eventually.Equal("Untitled stream", () => TitleIn(room));

        await creator.Api.PutJson("/api/stream/info", """{"title":"Second title","tags":["one"]}""").Stream();
        await Eventually.Equal("Second title", () => TitleIn(room), within: Soon);
        Assert.Equal("one", (await MetadataOf(room)).GetProperty("tags")[0].GetString());

        await creator.Api.PutJson("/api/stream/chat-settings", """{"isChatFollowersOnly":true}""").Stream();
        await Eventually.True(async () => (await MetadataOf(room)).GetProperty("isChatFollowersOnly").GetBoolean(), within: Soon);
        Assert.True(await creator.IsLive());

        // And only then: while another is told twice, which takes two rounds, this one is told nothing.
        var told = await Told(room);
        var (other, otherRoom) = await wired.System.NewLiveChannel();
        await Eventually.Equal("Untitled stream", () => TitleIn(otherRoom));
        await other.Api.PutJson("/api/stream/info", """{"title":"Another"}""").Stream();
        await Eventually.Equal("Another", () => TitleIn(otherRoom), within: Soon);
        Assert.Equal(told, await Told(room));
        Assert.Equal(2, await Told(otherRoom));
    }

    [Fact]
    public async Task What_LiveKit_could_not_be_told_it_is_told_when_it_can_be_reached_the_last_word_only()
    {
        var (creator, room) = await wired.System.NewLiveChannel();
        await Eventually.Equal("Untitled stream", () => TitleIn(room));
        wired.LiveKitWire.Cut();
        await creator.Api.PutJson("/api/stream/info", """{"title":"Told too early"}""").Stream();
        await Eventually.True(() => wired.System.Worker.Log.Contains("wait to be told how their streams are described", StringComparison.Ordinal));
        await creator.Api.PutJson("/api/stream/info", """{"title":"Told in the end"}""").Stream();
        Assert.Equal("Untitled stream", await TitleIn(room));

        wired.LiveKitWire.Restore();
        await Eventually.Equal("Told in the end", () => TitleIn(room));
    }

    [Fact]
    public async Task A_LiveKit_that_is_away_is_not_asked_once_for_every_room()
    {
        var live = new List<(TestCreator Creator, string Room)>();
        for (var channel = 0; channel < 12; channel++) live.Add(await wired.System.NewLiveChannel());
        foreach (var (_, room) in live) await Eventually.Equal("Untitled stream", () => TitleIn(room));
        var postponed = Logged("wait to be told how their streams are described");
        wired.LiveKitWire.Cut();
        foreach (var (creator, _) in live) await creator.Api.PutJson("/api/stream/info", """{"title":"For later"}""").Stream();
        await Eventually.True(() => Logged("wait to be told how their streams are described") > postponed); // the round in which it was found out is over

        var failed = Failed();
        await Eventually.True(() => Failed() >= failed + 4); // two rounds or more
        Assert.InRange(Failed(), failed, failed + live.Count);

        wired.LiveKitWire.Restore();
        foreach (var (_, room) in live) await Eventually.Equal("For later", () => TitleIn(room));

        int Failed() => Logged("LiveKit's UpdateRoomMetadata failed");
        int Logged(string line) => wired.System.Worker.Log.Split(line).Length - 1;
    }

    [Fact]
    public async Task A_LiveKit_that_was_killed_and_began_anew_is_told_again()
    {
        var (creator, room) = await wired.System.NewLiveChannel();
        await creator.Api.PutJson("/api/stream/info", """{"title":"Told twice"}""").Stream();
        await Eventually.Equal("Told twice", () => TitleIn(room));
        await wired.System.AskRooms(liveKit => liveKit.UpdateRoomMetadata(new UpdateRoomMetadataRequest { Room = room, Metadata = "{\"title\":\"Something else\"}" }));

        var began = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        await Eventually.True(() => TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() > began); // LiveKit tells whole seconds: within one, both beginnings are the same

        await wired.System.LiveKit.LiveKitKilledAndRestarted();
        await Eventually.Equal("Told twice", () => TitleIn(room));
    }

    private async Task<int> Told(string room) => (await wired.System.LiveKit.Calls()).Count(c => c.Method == "UpdateRoomMetadata" && c.Room == room);

    private async Task<string?> TitleIn(string room) => (await MetadataOf(room)) is { ValueKind: JsonValueKind.Object } metadata ? metadata.GetProperty("title").GetString() : null;

    private async Task<JsonElement> MetadataOf(string room) => await wired.System.RoomNamed(room) is { Metadata.Length: > 0 } standing ? JsonDocument.Parse(standing.Metadata).RootElement : default;

    /// <summary>A system whose LiveKit is behind a wire.</summary>
    public sealed class Wired : IAsyncLifetime
    {
        public TcpProxy LiveKitWire { get; private set; } = null!;

        public TestSystem System { get; private set; } = null!;

        public async Task InitializeAsync() => (System, LiveKitWire) = await TestSystem.StartOverWireAsync();

        public async Task DisposeAsync()
        {
            await System.DisposeAsync();
            await LiveKitWire.DisposeAsync();
        }
    }
}
