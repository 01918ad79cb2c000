using System.Net;
using LiveKitSimulator;
using Streaming.Tests.Api;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.EndToEnd;

/// <summary>A rule that changes reaches those who are in the room already, and those who come in with a token from before.</summary>
public sealed class RoomRulesTests : IAsyncLifetime
{
    private TestSystem _system = null!;

    public async Task InitializeAsync() => _system = await TestSystem.Shared;

    public Task DisposeAsync() => Task.CompletedTask;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Whoever_is_blocked_or_blocks_is_taken_out_and_put_out_again_each_time_he_comes_back(bool byCreator)
    {
        var (creator, room) = await _system.NewLiveChannel();
        var (viewer, bystander) = (await _system.NewViewer(), await _system.NewViewer());
        var (token, identity) = await Join(viewer, creator);
        var (_, other) = await Join(bystander, creator);

        var (blocker, blocked) = byCreator ? (creator, viewer) : (viewer, creator);
        await TestCreator.Read(await blocker.Api.PutJson($"/api/blocks/{blocked.UserId}", ""), HttpStatusCode.OK);

        await Eventually.True(async () => !await IsIn(room, identity));
        for (var again = 0; again < 2; again++)
        {
            Assert.True((await _system.LiveKit.ViewerJoins(new Newcomer { Token = token })).Accepted); // LiveKit revokes no token
            await Eventually.True(async () => !await IsIn(room, identity));
        }

        Assert.True(await IsIn(room, other));
        Assert.Contains(await _system.ParticipantsIn(room), p => p.Kind == Livekit.Server.Sdk.Dotnet.ParticipantInfo.Types.Kind.Ingress);
        await Eventually.Equal(1, creator.ViewerCount);
    }

    [Fact]
    public async Task Chat_rules_change_what_those_present_may_send_and_following_gives_it_back()
    {
        var (creator, room) = await _system.NewLiveChannel();
        var viewer = await _system.NewViewer();
        var (token, identity) = await Join(viewer, creator);
        var guest = await JoinAsGuest(creator);
        Assert.True(await MaySend(room, identity));

        await Chat("""{"isChatFollowersOnly":true}""");
        await Eventually.Equal(false, () => MaySend(room, identity));
        await TestCreator.Read(await viewer.Api.PutJson($"/api/follows/{creator.UserId}", ""), HttpStatusCode.OK);
        await Eventually.Equal(true, () => MaySend(room, identity));
        await TestCreator.Read(await viewer.Api.DeleteAsync(new Uri($"/api/follows/{creator.UserId}", UriKind.Relative)), HttpStatusCode.OK);
        await Eventually.Equal(false, () => MaySend(room, identity));

        await _system.LiveKit.ViewerLeaves(room, identity);
        await _system.LiveKit.ViewerJoins(new Newcomer { Token = token }); // which still says that he may
        await Eventually.Equal(false, () => MaySend(room, identity));

        await Chat("""{"isChatFollowersOnly":false}""");
        await Eventually.Equal(true, () => MaySend(room, identity));
        Assert.False(await MaySend(room, guest));
        var permission = (await _system.ParticipantsIn(room)).Single(p => p.Identity == identity).Permission;
        Assert.Equal((true, false, false, false), (permission.CanSubscribe, permission.CanPublish, permission.CanUpdateMetadata, permission.Hidden));

        async Task Chat(string change) => await creator.Api.PutJson("/api/stream/chat-settings", change).Stream();
    }

    [Fact]
    public async Task A_channel_that_closes_keeps_those_who_may_stay_and_puts_out_the_rest()
    {
        var (creator, room) = await _system.NewLiveChannel();
        var (follower, stranger) = (await _system.NewViewer(), await _system.NewViewer());
        await TestCreator.Read(await follower.Api.PutJson($"/api/follows/{creator.UserId}", ""), HttpStatusCode.OK);
        var (_, followers) = await Join(follower, creator);
        var (_, strangers) = await Join(stranger, creator);
        var (_, own) = await Join(creator, creator);
        var guest = await JoinAsGuest(creator);

        await Set("""{"allowGuests":false}""");
        await Eventually.True(async () => !await IsIn(room, guest));
        Assert.True(await IsIn(room, strangers));

        await Set("""{"visibility":"followers"}""");
        await Eventually.True(async () => !await IsIn(room, strangers));
        Assert.True(await IsIn(room, followers));

        await TestCreator.Read(await creator.Api.PutJson($"/api/stream/allow-list/{follower.UserId}", ""), HttpStatusCode.OK);
        await Set("""{"visibility":"private"}""");
        await Task.Delay(TimeSpan.FromSeconds(1)); // long enough for a look that would have put him out
        Assert.True(await IsIn(room, followers));
        await TestCreator.Read(await creator.Api.DeleteAsync(new Uri($"/api/stream/allow-list/{follower.UserId}", UriKind.Relative)), HttpStatusCode.OK);
        await Eventually.True(async () => !await IsIn(room, followers));
        Assert.True(await IsIn(room, own));

        async Task Set(string change) => await creator.Api.PutJson("/api/stream/info", change).Stream();
    }

    [Fact]
    public async Task While_LiveKit_cannot_be_told_a_change_waits_and_is_not_forgotten()
    {
        var (creator, room) = await _system.NewLiveChannel();
        var viewer = await _system.NewViewer();
        var (_, identity) = await Join(viewer, creator);
        await _system.LiveKit.ApiFault(new ApiFault { Method = "UpdateParticipant", Mode = ApiFaultMode.Error, Times = 6 });
        var before = await Updates();
        await creator.Api.PutJson("/api/stream/chat-settings", """{"isChatEnabled":false}""").Stream();
        await Eventually.True(async () => await Updates() >= before + 2);
        Assert.True(await MaySend(room, identity));

        await Eventually.Equal(false, () => MaySend(room, identity));
        await Eventually.True(async () => (await _system.Database.Rows(
            "select 1 from room_checks where channel_id = @id and due_at > now() + interval '15 seconds'", new Npgsql.NpgsqlParameter("id", Guid.Parse(room)))).Count == 1);

        async Task<int> Updates() => (await _system.LiveKit.Calls()).Count(c => c.Method == "UpdateParticipant");
    }

    private async Task<(string Token, string Identity)> Join(TestCreator who, TestCreator creator)
    {
        var body = await TestCreator.Read(await who.Api.GetAt($"/api/stream/token/{creator.UserId}"), HttpStatusCode.OK);
        var token = body.GetProperty("token").GetString()!;
        Assert.True((await _system.LiveKit.ViewerJoins(new Newcomer { Token = token })).Accepted);
        return (token, body.GetProperty("identity").GetString()!);
    }

    private async Task<string> JoinAsGuest(TestCreator creator)
    {
        var body = await TestCreator.Read(await _system.Anonymous.GetAt($"/api/stream/token/{creator.UserId}"), HttpStatusCode.OK);
        Assert.True((await _system.LiveKit.ViewerJoins(new Newcomer { Token = body.GetProperty("token").GetString() })).Accepted);
        return body.GetProperty("identity").GetString()!;
    }

    private async Task<bool> IsIn(string room, string identity) => (await _system.ParticipantsIn(room)).Any(p => p.Identity == identity);

    private async Task<bool> MaySend(string room, string identity) => (await _system.ParticipantsIn(room)).Single(p => p.Identity == identity).Permission.CanPublishData;
}
