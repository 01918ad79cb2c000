using System.Diagnostics;
using System.Net;
using Livekit.Server.Sdk.Dotnet;
using LiveKitSimulator;
using Streaming.Tests.Api;
using Streaming.Tests.Fixtures;
using Xunit.Abstractions;

namespace Streaming.Tests.EndToEnd;

/// <summary>How long it takes from the answer of the API until the room is as the new rule wants it.</summary>
public sealed class RoomRulesTimesTests(ITestOutputHelper output)
{
    private const int Times = 3;

    /// <summary>Looking costs time too, and other tests run beside this one.</summary>
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(10), AtWorst = TimeSpan.FromSeconds(5), Promised = TimeSpan.FromSeconds(2);

    [Fact]
    public async Task Every_kind_of_change_reaches_those_in_the_room_within_two_seconds()
    {
        var system = await TestSystem.Shared;
        var kinds = new (string What, Func<Scene, Task> Change, Func<ParticipantInfo?, bool> IsDone)[]
        {
            ("chat settings", s => s.Owner("PUT", "/api/stream/chat-settings", """{"isChatEnabled":false}"""), p => p?.Permission.CanPublishData == false),
            ("visibility", s => s.Owner("PUT", "/api/stream/info", """{"visibility":"followers"}"""), p => p is null),
            ("unfollow", s => s.Viewer("DELETE", $"/api/follows/{s.Creator.UserId}"), p => p is null),
            ("follow", s => s.Viewer("PUT", $"/api/follows/{s.Creator.UserId}"), p => p?.Permission.CanPublishData == true),
            ("block", s => s.Owner("PUT", $"/api/blocks/{s.Watcher.UserId}"), p => p is null),
            ("ban", s => s.Owner("PUT", $"/api/chat/{s.Room}/bans/{s.Watcher.UserId}", """{"scope":"stream"}"""), p => p is null),
            ("time-out", s => s.Owner("PUT", $"/api/chat/{s.Room}/bans/{s.Watcher.UserId}", """{"scope":"chat","durationSeconds":600}"""), p => p?.Permission.CanPublishData == false),
        };
        var measured = await Task.WhenAll(kinds.Select(async kind =>
        {
            var times = new List<TimeSpan>();
            for (var i = 0; i < Times; i++) times.Add(await Measure(await Scene.New(system, kind.What), kind.Change, kind.IsDone));
            return (kind.What, Times: times.Order().ToList());
        }));

        foreach (var (what, times) in measured) output.WriteLine($"{what}: {string.Join(", ", times.Select(t => $"{t.TotalMilliseconds:0} ms"))}");
        var all = measured.SelectMany(m => m.Times).Order().ToList();
        output.WriteLine($"median {all[all.Count / 2].TotalMilliseconds:0} ms, at worst {all[^1].TotalMilliseconds:0} ms");
        Assert.All(measured, m => Assert.InRange(m.Times[Times / 2], TimeSpan.Zero, Promised));
    }

    private static async Task<TimeSpan> Measure(Scene scene, Func<Scene, Task> change, Func<ParticipantInfo?, bool> isDone)
    {
        Assert.False(isDone(await scene.Watching()));
        await change(scene);
        var answered = Stopwatch.StartNew();
        while (!isDone(await scene.Watching()))
        {
            Assert.InRange(answered.Elapsed, TimeSpan.Zero, AtWorst);
            await Task.Delay(LookEvery);
        }

        return answered.Elapsed;
    }

    /// <summary>Somebody watches a live channel.</summary>
    private sealed record Scene(TestSystem System, TestCreator Creator, TestCreator Watcher, string Room, string Identity)
    {
        public static async Task<Scene> New(TestSystem system, string what)
        {
            var (creator, room) = await system.NewLiveChannel();
            var viewer = await system.NewViewer();
            if (what == "unfollow") await Ask(viewer.Api, "PUT", $"/api/follows/{creator.UserId}", null);
            if (what == "unfollow") await Ask(creator.Api, "PUT", "/api/stream/info", """{"visibility":"followers"}""");
            if (what == "follow") await Ask(creator.Api, "PUT", "/api/stream/chat-settings", """{"isChatFollowersOnly":true}""");
            var body = await TestCreator.Read(await viewer.Api.GetAt($"/api/stream/token/{creator.UserId}"), HttpStatusCode.OK);
            Assert.True((await system.LiveKit.ViewerJoins(new Newcomer { Token = body.GetProperty("token").GetString() })).Accepted);
            await Eventually.Equal(1, creator.ViewerCount); // his joining is applied: what follows is the change's own time
            return new Scene(system, creator, viewer, room, body.GetProperty("identity").GetString()!);
        }

        public Task Owner(string method, string path, string? body = null) => Ask(Creator.Api, method, path, body);

        public Task Viewer(string method, string path) => Ask(Watcher.Api, method, path, null);

        public async Task<ParticipantInfo?> Watching() => (await System.ParticipantsIn(Room)).SingleOrDefault(p => p.Identity == Identity);

        private static async Task Ask(HttpClient api, string method, string path, string? body) =>
            await TestCreator.Read(await api.SendBytes(new HttpMethod(method), path, body is null ? null : global::System.Text.Encoding.UTF8.GetBytes(body)), HttpStatusCode.OK);
    }
}
