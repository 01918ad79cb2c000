using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Npgsql;
using Streaming.Core.Events;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Api;

/// <summary>Broadcasts as their creators read them afterwards, and as others may.</summary>
public sealed class SessionsTests : IAsyncLifetime
{
    private static readonly DateTimeOffset Start = new(TimeProvider.System.GetUtcNow().AddHours(-8).Ticks / TimeSpan.TicksPerSecond * TimeSpan.TicksPerSecond, TimeSpan.Zero);

    private static readonly string[] Visibilities = ["public", "unlisted", "followers", "private", "test"], IngressEvents = [EventKinds.IngressStarted, EventKinds.IngressEnded];

    private TestSystem _system = null!;

    public async Task InitializeAsync() => _system = await TestSystem.Shared;

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task A_session_with_twenty_drops_lists_its_twenty_one_segments_with_all_that_is_known_of_each()
    {
        var creator = await _system.NewChannel();
        await creator.Api.PutJson("/api/stream/info", """{"title":"As it was","category":"Sheds","language":"en","tags":["wood"]}""").Stream();
        await Broadcast(creator, [.. Enumerable.Range(0, 21).Select(i => (i * 130, (i * 130) + 100))]);
        await creator.Api.PutJson("/api/stream/info", """{"title":"As it is","category":null,"tags":[],"visibility":"unlisted"}""").Stream();
        await Run($"""
            insert into ingest_inputs (resource_id, channel_id, seen_at, video_codec, width, height)
            select resource_id, channel_id, now(), 'video/H264', 640, 360 from ingest_segments where channel_id = '{await creator.Room()}' order by began_at limit 1;
            update ingresses set label = 'Studio' where id = '{creator.IngressId}'
            """);

        var session = await Session(creator.Api, await LastOf(creator));
        Assert.Equal(("As it was", "ended", "stopped", 21), (Text(session, "title"), Text(session, "state"), Text(session, "endReason"), session.GetProperty("segmentCount").GetInt32()));
        Assert.Equal((Start, Start.AddSeconds(2700)), (session.GetProperty("startedAt").GetDateTimeOffset(), session.GetProperty("endedAt").GetDateTimeOffset()));
        Assert.Equal(("Sheds", "en", "wood"), (Text(session, "category"), Text(session, "language"), session.GetProperty("tags")[0].GetString()));
        var settings = session.GetProperty("settings");
        Assert.Equal(("public", "auto", 60), (Text(settings, "visibility"), Text(settings, "quality"), settings.GetProperty("reconnectWindowSeconds").GetInt32()));
        var segments = session.GetProperty("segments").EnumerateArray().ToList();
        Assert.Equal(Enumerable.Range(0, 21).Select(i => (Start.AddSeconds(i * 130), Start.AddSeconds((i * 130) + 100), "stopped", creator.IngressId, "Studio")),
            segments.Select(s => (s.GetProperty("from").GetDateTimeOffset(), s.GetProperty("to").GetDateTimeOffset(), Text(s, "endReason"), Text(s, "ingressId"), Text(s, "ingressLabel"))));
        Assert.Equal(("video/H264", 640), (Text(segments[0].GetProperty("input"), "videoCodec"), segments[0].GetProperty("input").GetProperty("width").GetInt32()));
        Assert.False(segments[1].TryGetProperty("input", out _));
    }

    [Fact]
    public async Task Sessions_are_listed_the_newest_first_page_by_page_and_each_only_to_its_creator()
    {
        var (creator, other) = (await _system.NewChannel(), await _system.NewChannel());
        await Broadcast(creator, [.. Enumerable.Range(0, 7).Select(i => (i * 1000, (i * 1000) + 100))]);
        await Broadcast(other, (0, 100));

        var seen = new List<DateTimeOffset>();
        string? cursor = null;
        do
        {
            var page = await Read(creator.Api, $"/api/stream/sessions?limit=3{(cursor is null ? "" : $"&cursor={cursor}")}");
            seen.AddRange(page.GetProperty("items").EnumerateArray().Select(i => i.GetProperty("startedAt").GetDateTimeOffset()));
            cursor = page.TryGetProperty("nextCursor", out var next) ? next.GetString() : null;
            if (seen.Count == 3)
            {
                await Broadcast(creator, (9000, 9100)); // a newcomer is on no later page
                await (await other.Api.GetAt($"/api/stream/sessions?cursor={cursor}")).IsError(400, "invalid_cursor");
                await (await creator.Api.GetAt($"/api/follows?cursor={cursor}")).IsError(400, "invalid_cursor");
                await (await creator.Api.GetAt($"/api/stream/sessions?cursor=A{cursor![1..]}x")).IsError(400, "invalid_cursor");
            }
        }
        while (cursor is not null);

        Assert.Equal(Enumerable.Range(0, 7).Reverse().Select(i => Start.AddSeconds(i * 1000)), seen);
        foreach (var limit in new[] { "0", "-1", "101", "1000000000" }) await (await creator.Api.GetAt($"/api/stream/sessions?limit={limit}")).IsError(400, "validation_failed");
        Assert.Single((await Read(other.Api, "/api/stream/sessions")).GetProperty("items").EnumerateArray());
        Assert.Empty((await Read((await _system.NewCreator()).Api, "/api/stream/sessions")).GetProperty("items").EnumerateArray());
    }

    [Fact]
    public async Task Viewers_of_a_running_session_are_counted_as_people_at_most_and_on_average()
    {
        var (creator, room) = await _system.NewLiveChannel();
        foreach (var identity in new[] { "viewer:ann:laptop", "viewer:ann:phone", "guest:0123", $"viewer:{creator.UserId}:own" }) await _system.LiveKit.ViewerJoins(room, identity);
        await Eventually.Equal(2, creator.ViewerCount);
        var session = await Session(creator.Api, (await creator.Status()).GetProperty("sessionId").GetString()!);
        Assert.Equal(("live", 2), (Text(session, "state"), session.GetProperty("peakViewers").GetInt32()));
        Assert.InRange(session.GetProperty("averageViewers").GetDouble(), 0.01, 2);
        Assert.False(session.TryGetProperty("endedAt", out _) || session.TryGetProperty("endReason", out _));
        Assert.Equal(2, Assert.Single((await Read(creator.Api, "/api/stream/sessions")).GetProperty("items").EnumerateArray()).GetProperty("peakViewers").GetInt32());
    }

    [Fact]
    public async Task Others_see_what_the_page_would_show_them_and_the_hidden_looks_like_the_absent()
    {
        var (creator, viewer, blocked, friend, other) = (await _system.NewChannel(), await _system.NewViewer(), await _system.NewViewer(), await _system.NewViewer(), await _system.NewChannel());
        await creator.Api.PutJson($"/api/blocks/{blocked.UserId}", "");
        await creator.Api.PutJson($"/api/stream/allow-list/{friend.UserId}", "");
        var sessions = new Dictionary<string, string>();
        foreach (var (i, visibility) in Visibilities.Index())
        {
            await creator.Api.PutJson("/api/stream/info", $$"""{"visibility":"{{visibility}}"}""").Stream();
            await Broadcast(creator, (i * 1000, (i * 1000) + 100));
            sessions[visibility] = await LastOf(creator);
        }

        await creator.Api.PutJson("/api/stream/info", """{"visibility":"public"}""").Stream(); // what was not to be seen stays so
        (string Name, HttpClient Api)[] others = [("anonymous", _system.Anonymous), ("viewer", viewer.Api), ("another creator", other.Api), ("blocked", blocked.Api), ("friend", friend.Api)];
        foreach (var (visibility, id) in sessions)
            foreach (var (name, api) in others)
            {
                var isShown = name != "blocked" && (visibility is "public" or "unlisted" or "followers" || (visibility == "private" && name == "friend"));
                using var answer = await api.GetAt($"/api/sessions/{id}");
                Assert.True(isShown == answer.IsSuccessStatusCode, $"{visibility} to {name}: {answer.StatusCode}");
                if (isShown) Assert.Equal(["id", "userId", "title", "thumbnail", "category", "language", "tags", "isMature", "state", "startedAt", "endedAt", "asOf"], (await TestCreator.Read(answer, HttpStatusCode.OK)).EnumerateObject().Select(m => m.Name));
                else await Absent(answer);
            }

        await Absent(await viewer.Api.GetAt($"/api/sessions/{Guid.CreateVersion7()}"));
        foreach (var id in sessions.Values) Assert.True((await Session(creator.Api, id)).TryGetProperty("segments", out _));

        await creator.Api.PutJson("/api/stream/info", """{"visibility":"private"}""").Stream(); // nor is what is private now to be seen by what was public
        await Absent(await viewer.Api.GetAt($"/api/sessions/{sessions["public"]}"));
        Assert.True((await friend.Api.GetAt($"/api/sessions/{sessions["public"]}")).IsSuccessStatusCode);
        await (await other.Api.GetAt($"/api/sessions/{sessions["public"]}/timeline")).IsError(404, "session_not_found");
    }

    [Fact]
    public async Task A_timeline_is_read_page_by_page_and_tells_the_state_at_any_moment_also_around_a_cutoff()
    {
        var creator = await _system.NewChannel();
        var channel = await creator.Room();
        await Broadcast(creator, [.. Enumerable.Range(0, 4).Select(i => (i * 130, (i * 130) + 100))]);
        var dropped = await LastOf(creator);
        var all = (await Read(creator.Api, $"/api/sessions/{dropped}/timeline")).GetProperty("items").EnumerateArray().Select(i => i.GetProperty("sequence").GetInt64()).ToList();
        var paged = new List<long>();
        string? cursor = null;
        do
        {
            var page = await Read(creator.Api, $"/api/sessions/{dropped}/timeline?limit=1{(cursor is null ? "" : $"&cursor={cursor}")}");
            paged.AddRange(page.GetProperty("items").EnumerateArray().Select(i => i.GetProperty("sequence").GetInt64()));
            cursor = page.TryGetProperty("nextCursor", out var next) ? next.GetString() : null;
        }
        while (cursor is not null);
        Assert.True(all.Count > 1);
        Assert.Equal(all, paged);
        Assert.Equal(["offline", "live", "reconnecting", "live", "reconnecting", "ended"], await States(creator, dropped, -1, 50, 110, 140, 491, 551));

        // Cut off while live, at 1050; and another while it could still be reconnected to, ten seconds after its media stopped.
        await CutOff(channel, 1050, 1100);
        await Broadcast(creator, (1000, 1090));
        var cut = await LastOf(creator);
        Assert.Equal(["live", "ended", "ended"], await States(creator, cut, 1049, 1050, 1091));
        await CutOff(channel, 2110, 2200);
        await Broadcast(creator, (2000, 2100));
        var closed = await LastOf(creator);
        Assert.Equal(["live", "reconnecting", "reconnecting", "ended", "ended"], await States(creator, closed, 2099, 2100, 2109, 2110, 2150));
        Assert.Equal("ended_by_creator", Text(await Session(creator.Api, closed), "endReason"));
    }

    [Fact]
    public async Task A_marker_lies_in_the_running_session_and_is_listed_with_its_offset()
    {
        var (creator, room) = await _system.NewLiveChannel();
        await Run($"""
            update ingest_segments set started_at = started_at - interval '100 seconds' where channel_id = '{room}';
            update sessions set started_at = started_at - interval '100 seconds' where channel_id = '{room}'
            """);
        var status = await creator.Status();
        var (session, start) = (status.GetProperty("sessionId").GetString()!, status.GetProperty("startedAt").GetDateTimeOffset());

        var now = await Created(await Mark(creator, """{"description":"  The roof goes on \ud83c\udf89 "}"""));
        Assert.Equal((session, "The roof goes on 🎉"), (Text(now, "sessionId"), Text(now, "description")));
        Assert.InRange(now.GetProperty("offsetSeconds").GetDouble(), 100, 160);
        var then = await Created(await Mark(creator, $$"""{"at":"{{start.AddSeconds(7.5):O}}"}"""));
        Assert.Equal(7.5, then.GetProperty("offsetSeconds").GetDouble());
        await (await Mark(creator, $$"""{"at":"{{start.AddSeconds(-1):O}}"}""")).IsError(422, "outside_session");
        await (await Mark(creator, $$"""{"at":"{{start.AddHours(1):O}}"}""")).IsError(422, "outside_session");
        await (await Mark(creator, $$"""{"description":"{{new string('x', 141)}}"}""")).IsError(400, "validation_failed");
        await (await Mark(creator, """{"description":"two\nlines"}""")).IsError(400, "validation_failed");
        await (await Mark(creator, """{"offset":3}""")).IsError(400, "invalid_json");

        using (var first = await Mark(creator, """{"description":"once"}""", key: "one"))
        using (var again = await Mark(creator, """{"description":"once"}""", key: "one"))
            Assert.Equal((await Created(first)).GetRawText(), (await Created(again)).GetRawText());
        Assert.Equal([null, "The roof goes on 🎉", "once"], (await Session(creator.Api, session)).GetProperty("markers").EnumerateArray().Select(m => m.TryGetProperty("description", out var d) ? d.GetString() : null));

        await Run($"insert into markers (id, channel_id, at) select gen_random_uuid(), '{room}', now() - interval '50 seconds' from generate_series(1, 496)");
        var last = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Mark(creator, "{}"))); // there is room for one
        Assert.Equal([201, .. Enumerable.Repeat(409, 19)], last.Select(a => (int)a.StatusCode).Order());
        await (await Mark(creator, "{}")).IsError(409, "marker_limit");

        using (var end = await creator.Api.PostJson("/api/stream/end", """{"blockReconnectSeconds":0}""")) await TestCreator.Read(end, HttpStatusCode.OK);
        await (await Mark(creator, "{}")).IsError(409, "not_live");
        Assert.Equal(500, (await Session(creator.Api, session)).GetProperty("markers").GetArrayLength());
        await (await Mark(await _system.NewCreator(), "{}")).IsError(404, "stream_not_found");
        await (await Mark(await _system.NewChannel(), "{}")).IsError(409, "not_live");
        Assert.Equal(500, (await Read(creator.Api, "/api/me/export")).GetProperty("data").GetProperty("markers").GetArrayLength());
    }

    /// <summary>LiveKit tells of these connections, in seconds from <see cref="Start"/>.</summary>
    private async Task Broadcast(TestCreator creator, params (int From, int To)[] connections)
    {
        var channel = await creator.Room();
        var events = connections.SelectMany(c => IngressEvents.Select(kind => new LiveKitEvent
        {
            Id = $"EV_{kind}_{channel}_{c.From}",
            Kind = kind,
            CreatedAt = Start.AddSeconds(c.From),
            Ingress = new IngressFacts(creator.IngressId, $"RT_{channel}_{c.From}", channel, Start.AddSeconds(c.From), kind == EventKinds.IngressEnded ? Start.AddSeconds(c.To) : null, null),
        }));
        await new EventApplier(_system.Database.Source).Apply([.. events.Select(e => new QueuedEvent(e.Id, e, e.CreatedAt, null))], default);
    }

    /// <summary>As if we had done it then.</summary>
    private Task CutOff(string channel, int at, int until) => Run(
        $"""
        insert into cutoffs (id, channel_id, at, reason, off_until, enforced_at)
        values ('{Guid.CreateVersion7()}', '{channel}', '{Start.AddSeconds(at):O}', 'ended_by_creator', '{Start.AddSeconds(until):O}', '{Start.AddSeconds(until):O}')
        """);

    private async Task<string> LastOf(TestCreator creator) =>
        (await _system.Database.Rows("select id from sessions where channel_id = @c order by started_at desc limit 1", new NpgsqlParameter("c", Guid.Parse(await creator.Room()))))[0];

    private static Task<JsonElement> Session(HttpClient api, string id) => Read(api, $"/api/sessions/{id}");

    private static async Task<IReadOnlyList<string>> States(TestCreator creator, string session, params int[] seconds)
    {
        var states = new List<string>();
        foreach (var second in seconds)
            states.Add(Text(await Read(creator.Api, $"/api/sessions/{session}/timeline?at={Uri.EscapeDataString(Start.AddSeconds(second).ToString("O", CultureInfo.InvariantCulture))}"), "state"));
        return states;
    }

    private static async Task<HttpResponseMessage> Mark(TestCreator creator, string json, string? key = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri("/api/stream/markers", UriKind.Relative)) { Content = JsonContent.Create(JsonDocument.Parse(json).RootElement) };
        if (key is not null) request.Headers.Add("Idempotency-Key", key);
        return await creator.Api.SendAsync(request);
    }

    private static Task<JsonElement> Created(HttpResponseMessage answer) => TestCreator.Read(answer, HttpStatusCode.Created);

    private static async Task Absent(HttpResponseMessage answer)
    {
        var error = await answer.IsError(404, "session_not_found");
        Assert.Equal(("No session was found.", false), (Text(error, "error"), error.TryGetProperty("details", out _)));
    }

    private static async Task<JsonElement> Read(HttpClient api, string path) => await TestCreator.Read(await api.GetAt(path), HttpStatusCode.OK);

    private static string Text(JsonElement of, string member) => of.GetProperty(member).GetString()!;

    private async Task Run(string sql)
    {
        await using var command = _system.Database.Source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
