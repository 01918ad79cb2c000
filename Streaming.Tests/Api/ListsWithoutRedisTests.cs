using System.Net;
using System.Text.Json;
using StackExchange.Redis;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Api;

/// <summary>The lists of several replicas, and what becomes of them when Redis goes.</summary>
public sealed class ListsWithoutRedisTests : IAsyncLifetime
{
    private TestSystem _system = null!;

    public async Task InitializeAsync() => _system = await TestSystem.StartAsync(withWorker: false);

    public async Task DisposeAsync() => await _system.DisposeAsync();

    [Fact]
    public async Task Replicas_tell_the_same_and_go_on_without_Redis_where_they_were()
    {
        var address = new Uri($"http://127.0.0.1:{TestPorts.Next()}");
        await using var second = await _system.StartAsync("Streaming.Api", address);
        using var other = new HttpClient(new Leaks.OfAnswers(new SocketsHttpHandler())) { BaseAddress = address };

        // Nobody has a channel, and then only such as are not live.
        var (early, late) = (await _system.NewViewer(), await _system.NewViewer());
        Assert.Empty(await Recommended(early));
        var idle = await _system.Database.MakeChannels(2, "Idle", live: false);
        Assert.Equal(idle.Select(i => ("new", i.Id)).Order(), (await Recommended(early)).Order());
        await _system.Database.GoLive(idle[0].Id);
        await _system.Database.EndLive(idle[0].Id);

        var made = await _system.Database.MakeChannels(12, "Boats");
        await using (var redis = await ConnectionMultiplexer.ConnectAsync(_system.Redis.ConnectionString))
            foreach (var (channel, i) in made.Select((m, i) => (m, i))) await redis.GetDatabase().Watch(channel.Id, 100 - i);
        foreach (var api in new[] { _system.Anonymous, other })
            await Eventually.Equal(string.Join(' ', made.Select(m => m.Id)), async () => string.Join(' ', await Items(api, "/api/stream/live")));
        Assert.Equal((await _system.Anonymous.GetAt("/api/stream/live")).Headers.ETag, (await other.GetAsync(new Uri("/api/stream/live", UriKind.Relative))).Headers.ETag);

        var seen = new List<string>();
        var (page, cursor) = await Page(_system.Anonymous, "/api/stream/live?limit=5");
        seen.AddRange(page);
        await _system.Redis.KillAsync();
        (page, cursor) = await Page(other, $"/api/stream/live?limit=5&cursor={cursor}");
        seen.AddRange(page);
        (page, cursor) = await Page(_system.Anonymous, $"/api/stream/live?limit=5&cursor={cursor}");
        seen.AddRange(page);
        Assert.Null(cursor);
        Assert.Equal(made.Select(m => $"{m.Id}"), seen);

        // A first page too, with the counts that Postgres has, and its cursor holds for both.
        await _system.Database.Write(
            "insert into presences (participant_sid, room_sid, channel_id, role, person, joined_at) values ('PA_1', 'RM_1', @id, 'Viewer', 'viewer:ann', now())", new Npgsql.NpgsqlParameter("id", made[7].Id));
        await _system.Database.Write("insert into room_sessions (room_sid, channel_id, started_at) values ('RM_1', @id, now() - interval '1 hour')", new Npgsql.NpgsqlParameter("id", made[7].Id));
        await Eventually.Equal($"{made[7].Id}", async () => (await Items(other, "/api/stream/live"))[0]);
        (page, cursor) = await Page(other, "/api/stream/live?limit=7");
        Assert.Equal(12, page.Concat((await Page(_system.Anonymous, $"/api/stream/live?limit=7&cursor={cursor}")).Items).Distinct().Count());
        await _system.Database.EndLive(made[7].Id);
        await Eventually.Equal(11, async () => (await Items(_system.Anonymous, "/api/stream/live")).Count);
        Assert.Contains(("recentlyLive", idle[0].Id), await Recommended(late));

        static async Task<IEnumerable<(string, Guid)>> Recommended(TestCreator viewer) => (await Cards(viewer.Api, "/api/stream/recommended?limit=100"))
            .Select(c => (c.GetProperty("reasons")[0].GetString()!, c.GetProperty("id").GetGuid()));
    }

    private static async Task<IReadOnlyList<JsonElement>> Cards(HttpClient api, string list) => [.. (await TestCreator.Read(await api.GetAt(list), HttpStatusCode.OK)).GetProperty("items").EnumerateArray()];

    private static async Task<IReadOnlyList<string>> Items(HttpClient api, string list) => [.. (await Cards(api, list)).Select(c => c.GetProperty("id").GetString()!)];

    private static async Task<(IReadOnlyList<string> Items, string? Cursor)> Page(HttpClient api, string list)
    {
        var page = await TestCreator.Read(await api.GetAt(list), HttpStatusCode.OK);
        return ([.. page.GetProperty("items").EnumerateArray().Select(c => c.GetProperty("id").GetString()!)], page.TryGetProperty("nextCursor", out var next) ? next.GetString() : null);
    }
}
