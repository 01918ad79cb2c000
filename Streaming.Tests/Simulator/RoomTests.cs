using Livekit.Server.Sdk.Dotnet;
using LiveKitSimulator;
using Microsoft.Extensions.Time.Testing;

namespace Streaming.Tests.Simulator;

public sealed class RoomTests
{
    [Fact]
    public async Task A_token_says_who_joins_and_what_he_may_do()
    {
        await using var simulated = await Simulated.StartAsync();
        var token = new AccessToken("devkey", simulated.Host.Options.ApiSecret.Reveal())
            .WithIdentity("viewer:1").WithName("Vera").WithMetadata("{}").WithAttributes(new() { ["seat"] = "12" })
            .WithGrants(new VideoGrants { RoomJoin = true, Room = "room", CanPublish = false, CanPublishData = false, CanSubscribe = true })
            .ToJwt();

        var joined = await simulated.Play.ViewerJoins(new Newcomer { Token = token });

        Assert.Equal((true, "room", "viewer:1", false), (joined.Accepted, joined.Room, joined.Identity, joined.Published));
        var viewer = Assert.Single(await simulated.Participants("room"));
        Assert.Equal(("Vera", "{}", "12", joined.Sid), (viewer.Name, viewer.Metadata, viewer.Attributes["seat"], viewer.Sid));
        Assert.Equal(new ParticipantPermission { CanSubscribe = true }, viewer.Permission);
    }

    [Theory]
    [InlineData(""" "video":{"roomJoin":true,"room":"room"},"sub":"x","exp":1 """, "invalid authorization token")]
    [InlineData(""" "video":{"room":"room"},"sub":"x","exp":9999999999 """, "permissions denied")]
    [InlineData(""" "video":{"roomJoin":true},"sub":"x","exp":9999999999 """, "permissions denied")]
    [InlineData(""" "video":{"roomJoin":true,"room":"room"},"exp":9999999999 """, "identity cannot be empty")]
    public async Task A_token_that_is_not_good_for_joining_is_refused(string claims, string text)
    {
        await using var simulated = await Simulated.StartAsync();
        var token = Jwt.Sign($$"""{"iss":"devkey",{{claims}}}""", simulated.Host.Options.ApiSecret);
        Assert.StartsWith(text, (await simulated.Play.ViewerJoins(new Newcomer { Token = token })).Error);
        Assert.Empty(await simulated.Events());
    }

    [Fact]
    public async Task What_a_token_does_not_mention_is_allowed()
    {
        await using var simulated = await Simulated.StartAsync();
        const string claims = """{"iss":"devkey","sub":"x","exp":9999999999,"video":{"roomJoin":true,"room":"room"}}""";
        var token = Jwt.Sign(claims, simulated.Host.Options.ApiSecret);
        Assert.True((await simulated.Play.BrowserCreator(new Newcomer { Token = token })).Published);
        Assert.Equal(
            new ParticipantPermission { CanPublish = true, CanPublishData = true, CanSubscribe = true },
            (await simulated.Participants("room")).Single().Permission);
    }

    [Fact]
    public async Task Who_may_not_publish_joins_without_tracks()
    {
        await using var simulated = await Simulated.StartAsync();
        var token = simulated.Token(new VideoGrants { RoomJoin = true, Room = "room", CanPublish = false }, "viewer");
        Assert.False((await simulated.Play.BrowserCreator(new Newcomer { Token = token })).Published);
        Assert.Equal(["room_started", "participant_joined"], await simulated.Events());
    }

    [Fact]
    public async Task A_changed_permission_is_seen_in_the_API_and_told_to_nobody()
    {
        await using var simulated = await Simulated.StartAsync();
        await simulated.Play.ViewerJoins("room", "viewer");
        var mayTalk = new ParticipantPermission { CanPublishData = true };
        await simulated.Rooms.UpdateParticipant(new UpdateParticipantRequest { Room = "room", Identity = "viewer", Permission = mayTalk });

        Assert.Equal(mayTalk, (await simulated.Participants("room")).Single().Permission);
        Assert.Equal(["room_started", "participant_joined"], await simulated.Events());
    }

    [Fact]
    public async Task A_room_outlives_its_last_participant_by_its_departure_timeout_and_coming_back_keeps_it()
    {
        var clock = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var simulated = await Simulated.StartAsync(options => options with { Time = clock });
        await simulated.Play.ViewerJoins("room", "viewer");
        await simulated.Play.ViewerLeaves("room", "viewer");
        clock.Advance(TimeSpan.FromSeconds(19));
        await simulated.Play.ViewerJoins("room", "viewer");
        await simulated.Play.SameIdentityJoinsTwice("room", "viewer");
        clock.Advance(TimeSpan.FromSeconds(60));
        await simulated.Play.ViewerLeaves("room", "viewer");
        clock.Advance(TimeSpan.FromSeconds(19));
        Assert.DoesNotContain("room_finished", await simulated.Events());

        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("room_finished", (await simulated.Events())[^1]);
        Assert.Single(await simulated.Events(), name => name == "room_started");
        Assert.Empty((await simulated.Rooms.ListRooms(new ListRoomsRequest())).Rooms);
    }

    [Fact]
    public async Task A_created_room_keeps_its_own_timeouts_and_creating_it_again_changes_nothing_else()
    {
        await using var simulated = await Simulated.StartAsync(options => options with { EmptyTimeout = TimeSpan.FromMilliseconds(1) });
        var created = await simulated.Rooms.CreateRoom(new CreateRoomRequest { Name = "room", EmptyTimeout = 600, DepartureTimeout = 60 });
        var again = await simulated.Rooms.CreateRoom(new CreateRoomRequest { Name = "room", Metadata = "{}" });

        Assert.Equal((created.Sid, 600u, 60u, "{}"), (again.Sid, again.EmptyTimeout, again.DepartureTimeout, again.Metadata));
        Assert.Equal(["room_started"], await simulated.Events());
        Assert.Single((await simulated.Rooms.ListRooms(new ListRoomsRequest { Names = { "room" } })).Rooms);
    }

    [Fact]
    public async Task A_full_room_refuses_a_newcomer()
    {
        await using var simulated = await Simulated.StartAsync();
        await simulated.Rooms.CreateRoom(new CreateRoomRequest { Name = "room", MaxParticipants = 1 });
        Assert.True((await simulated.Play.ViewerJoins("room", "first")).Accepted);
        Assert.False((await simulated.Play.ViewerJoins("room", "second")).Accepted);
    }

    [Fact]
    public async Task A_killed_client_is_missed_only_after_a_while()
    {
        var clock = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var simulated = await Simulated.StartAsync(options => options with { Time = clock });
        await simulated.Play.ViewerJoins("room", "viewer");
        await simulated.Play.ViewerKilled("room", "viewer");
        clock.Advance(TimeSpan.FromSeconds(20.9));
        Assert.Single(await simulated.Participants("room"));

        clock.Advance(TimeSpan.FromSeconds(0.1));
        Assert.Contains("\"disconnectReason\":\"CONNECTION_TIMEOUT\"", (await simulated.Receiver.Has(3))[2].Text);
    }

    [Fact]
    public async Task A_story_about_somebody_who_is_not_there_fails()
    {
        await using var simulated = await Simulated.StartAsync();
        await Assert.ThrowsAsync<InvalidOperationException>(() => simulated.Play.ViewerLeaves("room", "nobody"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => simulated.Play.Stop("no such key"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => simulated.Play.RefusedConnectionWhileLive("no such key"));
    }
}
