using System.Net;
using LiveKitSimulator;
using Streaming.Tests.Api;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.EndToEnd;

public sealed class FullChannelTests
{
    [Fact]
    public async Task Where_as_many_watch_as_may_nobody_else_is_let_in_until_one_goes_and_those_inside_can_come_back()
    {
        await using var system = await TestSystem.StartAsync(new Dictionary<string, string> { ["Viewing__MostPerChannel"] = "2" });
        var (creator, room) = await system.NewLiveChannel();
        var (ann, ben, cem) = (await system.NewViewer(), await system.NewViewer(), await system.NewViewer());
        var annsDevice = await Join(ann);
        await Join(ann); // people are counted, not devices
        await Eventually.Equal(1, creator.ViewerCount);
        await Join(ben);
        await Eventually.Equal(2, creator.ViewerCount);

        foreach (var outside in new[] { cem.Api, system.Anonymous }) await (await outside.GetAt($"/api/stream/token/{creator.UserId}")).IsError(403, "over_capacity");
        foreach (var inside in new[] { ann, ben, creator }) await Token(inside);

        await system.LiveKit.ViewerLeaves(room, annsDevice);
        await Task.Delay(TimeSpan.FromSeconds(1)); // long enough to be counted, were it by devices
        await (await cem.Api.GetAt($"/api/stream/token/{creator.UserId}")).IsError(403, "over_capacity");
        await system.LiveKit.ViewerLeaves(room, (await system.ParticipantsIn(room)).Single(p => p.Identity.StartsWith($"viewer:{ben.UserId}:", StringComparison.Ordinal)).Identity);
        await Eventually.Equal(1, creator.ViewerCount);
        await Join(cem);

        async Task<(string Token, string Identity)> Token(TestCreator who)
        {
            var body = await TestCreator.Read(await who.Api.GetAt($"/api/stream/token/{creator.UserId}"), HttpStatusCode.OK);
            return (body.GetProperty("token").GetString()!, body.GetProperty("identity").GetString()!);
        }

        async Task<string> Join(TestCreator who)
        {
            var (token, identity) = await Token(who);
            Assert.True((await system.LiveKit.ViewerJoins(new Newcomer { Token = token })).Accepted);
            return identity;
        }
    }
}
