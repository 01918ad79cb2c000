using System.Net;
using System.Text.Json;
using Livekit.Server.Sdk.Dotnet;
using LiveKitSimulator;
using Streaming.Tests.Api;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.EndToEnd;

/// <summary>A channel with several stream keys, through API, worker and LiveKit.</summary>
public sealed class KeysTests : IAsyncLifetime
{
    private TestSystem _system = null!;

    public async Task InitializeAsync() => _system = await TestSystem.Shared;

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task A_creator_has_up_to_five_keys_and_each_works()
    {
        var creator = await _system.NewChannel();
        var more = new List<JsonElement>();
        for (var i = 2; i <= 5; i++) more.Add(await Add(creator, $"Key {i}"));

        await (await creator.Api.PostJson("/api/stream/ingress/keys", """{"label":"One too many"}""")).IsError(409, "key_limit");

        var keys = await Keys(creator);
        Assert.Equal([creator.IngressId, .. more.Select(k => k.GetProperty("ingressId").GetString()!)], keys.Select(k => k.GetProperty("ingressId").GetString()!));
        Assert.Equal([true, false, false, false, false], keys.Select(k => k.GetProperty("isPrimary").GetBoolean()));
        Assert.Equal([null, "Key 2", "Key 3", "Key 4", "Key 5"], keys.Select(k => k.GetProperty("label").GetString()));
        Assert.Equal(more.Select(k => k.GetProperty("streamKey").GetString()![^4..]), keys.Skip(1).Select(k => k.GetProperty("keyLast4").GetString()!));
        Assert.DoesNotContain(TestSystem.KeyPrefix, JsonSerializer.Serialize(keys), StringComparison.Ordinal);
        foreach (var key in more) Assert.True((await _system.LiveKit.GoLive(key.GetProperty("streamKey").GetString()!)).Accepted);
        Assert.Equal(5, (await _system.IngressesIn(await creator.Room())).Count);
    }

    [Fact]
    public async Task However_many_ask_at_once_there_are_five()
    {
        var creator = await _system.NewChannel();
        for (var round = 0; round < 6; round++)
            await Task.WhenAll(Enumerable.Range(0, 8).Select(i => creator.Api.PostJson("/api/stream/ingress/keys", $$"""{"label":"{{round}} {{i}}"}""")));

        Assert.Equal(5, (await Keys(creator)).Count);
        Assert.Equal(5, (await _system.IngressesIn(await creator.Room())).Count);
    }

    [Fact]
    public async Task A_reset_of_the_primary_leaves_the_others_alone()
    {
        var creator = await _system.NewChannel();
        var backup = await Add(creator, "Backup");
        await creator.CreateIngress("WHIP");

        Assert.Equal([creator.IngressId, backup.GetProperty("ingressId").GetString()], (await Keys(creator)).Select(k => k.GetProperty("ingressId").GetString()));
        Assert.True((await _system.LiveKit.GoLive(backup.GetProperty("streamKey").GetString()!)).Accepted);
    }

    [Fact]
    public async Task Deleting_one_key_cuts_off_nobody_who_publishes_with_another()
    {
        var creator = await _system.NewChannel();
        var (backup, other) = (await Add(creator, "Backup"), await Add(creator, "Other"));
        await _system.LiveKit.GoLive(backup.GetProperty("streamKey").GetString()!);
        await Eventually.True(creator.IsLive);

        await TestCreator.Read(await Delete(creator, other), HttpStatusCode.OK);
        await TestCreator.Read(await creator.Api.DeleteAsync(new Uri("/api/stream/ingress", UriKind.Relative)), HttpStatusCode.OK); // the primary

        Assert.True((await _system.LiveKit.Idle(TimeSpan.FromSeconds(10))).IsIdle);
        Assert.True(await creator.IsLive());
        await TestCreator.Read(await Delete(creator, backup), HttpStatusCode.OK);
        Assert.Equal("ended", await creator.State());
        Assert.Empty(await _system.IngressesIn(await creator.Room()));
    }

    [Fact]
    public async Task A_backup_that_comes_while_the_primary_is_live_takes_over_within_the_session()
    {
        var creator = await _system.NewChannel();
        var backup = (await Add(creator, "Backup")).GetProperty("streamKey").GetString()!;
        await _system.LiveKit.GoLive(creator.StreamKey);
        await Eventually.True(creator.IsLive);
        var session = (await creator.Status()).GetProperty("sessionId").GetString();

        Assert.True((await _system.LiveKit.GoLive(backup)).Accepted);
        await Eventually.Equal(2, async () => (await Keys(creator)).Count(k => k.GetProperty("useCount").GetInt64() == 1));
        await _system.LiveKit.Stop(backup);
        await Eventually.Equal("reconnecting", creator.State);

        Assert.Equal(session, (await creator.Status()).GetProperty("sessionId").GetString());
        await Eventually.True(async () => (await Uses(creator, creator.IngressId)).Contains("takenOver"));
    }

    [Theory]
    [InlineData("GET", "uses", null)]
    [InlineData("POST", "reveal", null)]
    [InlineData("POST", "rotate", """{"mode":"now"}""")]
    [InlineData("PUT", "state", """{"enabled":false}""")]
    [InlineData("PUT", "quality", """{"quality":"720p"}""")]
    [InlineData("DELETE", "", null)]
    public async Task Another_creators_key_is_as_absent_as_one_that_never_was(string method, string verb, string? body)
    {
        var (creator, other) = (await _system.NewChannel(), await _system.NewChannel());
        var answers = new List<string>();
        foreach (var id in new[] { other.IngressId, "IN_neverwas" })
        {
            using var answer = await creator.Api.SendBytes(new HttpMethod(method), $"/api/stream/ingress/{id}/{verb}".TrimEnd('/'), body is null ? null : System.Text.Encoding.UTF8.GetBytes(body));
            var error = await TestCreator.Read(answer, HttpStatusCode.NotFound);
            answers.Add(error.GetRawText().Replace(error.GetProperty("traceId").GetString()!, "", StringComparison.Ordinal));
        }

        Assert.Equal(answers[0], answers[1]);
        Assert.True((await _system.LiveKit.GoLive(other.StreamKey)).Accepted);
    }

    [Fact]
    public async Task Rotated_now_the_old_key_is_dead_and_its_session_over()
    {
        var creator = await _system.NewChannel();
        await _system.LiveKit.GoLive(creator.StreamKey);
        await Eventually.True(creator.IsLive);

        var rotated = await Rotate(creator, """{"mode":"now"}""");

        Assert.Equal("ended", await creator.State());
        Assert.Equal(["Ended rotated"], await _system.Database.Rows($"select concat_ws(' ', transition, reason) from timeline where channel_id = '{await creator.Room()}' and transition = 'Ended'"));
        Assert.False(rotated.TryGetProperty("replaced", out _));
        Assert.True(rotated.GetProperty("isPrimary").GetBoolean());
        Assert.False((await _system.LiveKit.GoLive(creator.StreamKey)).Accepted);
        Assert.True((await _system.LiveKit.GoLive(rotated.GetProperty("streamKey").GetString()!)).Accepted);
        Assert.Single(await _system.IngressesIn(await creator.Room()));
    }

    [Fact]
    public async Task Rotated_after_the_stream_the_old_key_lasts_as_long_as_its_session()
    {
        var creator = await _system.NewChannel();
        await Execute($"update channels set reconnect_window_seconds = 2 where user_id = '{creator.UserId}'");
        await _system.LiveKit.GoLive(creator.StreamKey);
        await Eventually.True(creator.IsLive);

        var rotated = await Rotate(creator, """{"mode":"afterStream"}""");

        Assert.Equal(creator.IngressId, rotated.GetProperty("replaced").GetProperty("ingressId").GetString());
        await _system.LiveKit.EncoderKilled(creator.StreamKey);
        Assert.True((await _system.LiveKit.GoLive(creator.StreamKey)).Accepted); // it came back within its session
        await Eventually.True(creator.IsLive);
        await _system.LiveKit.Stop(creator.StreamKey);
        await Eventually.Equal(rotated.GetProperty("ingressId").GetString(), async () => string.Join(", ", (await _system.IngressesIn(await creator.Room())).Select(i => i.IngressId)));
        Assert.True((await _system.LiveKit.GoLive(rotated.GetProperty("streamKey").GetString()!)).Accepted);
    }

    [Fact]
    public async Task Rotated_with_overlap_both_keys_work_until_the_old_ones_time_is_over()
    {
        var creator = await _system.NewChannel();
        var rotated = await Rotate(creator, """{"mode":"overlap","overlapMinutes":60}""");

        var left = rotated.GetProperty("replaced").GetProperty("worksUntil").GetDateTimeOffset() - TimeProvider.System.GetUtcNow();
        Assert.InRange(left, TimeSpan.FromMinutes(59), TimeSpan.FromMinutes(60));
        Assert.True((await _system.LiveKit.GoLive(creator.StreamKey)).Accepted);
        Assert.True((await _system.LiveKit.GoLive(rotated.GetProperty("streamKey").GetString()!)).Accepted);
        await (await creator.Api.PostJson($"/api/stream/ingress/{creator.IngressId}/rotate", """{"mode":"now"}""")).IsError(409, "key_replaced");

        await Execute($"update ingresses set retires_at = now() where id = '{creator.IngressId}'");

        await Eventually.True(async () => (await _system.IngressesIn(await creator.Room())).Count == 1);
        Assert.False((await _system.LiveKit.GoLive(creator.StreamKey)).Accepted);
        await Eventually.Equal(rotated.GetProperty("ingressId").GetString(), async () => string.Join(' ', (await Keys(creator)).Select(k => k.GetProperty("ingressId").GetString()))); // LiveKit is first to know
    }

    [Theory]
    [InlineData("""{"mode":"overlap"}""", "validation_failed")]
    [InlineData("""{"mode":"overlap","overlapMinutes":0}""", "validation_failed")]
    [InlineData("""{"mode":"overlap","overlapMinutes":1441}""", "validation_failed")]
    [InlineData("""{"mode":"now","overlapMinutes":5}""", "validation_failed")]
    [InlineData("""{"mode":"later"}""", "invalid_json")]
    public async Task A_rotation_that_makes_no_sense_is_refused(string body, string code)
    {
        var creator = await _system.NewChannel();
        await (await creator.Api.PostJson($"/api/stream/ingress/{creator.IngressId}/rotate", body)).IsError(400, code);
        Assert.Equal([creator.IngressId], (await _system.IngressesIn(await creator.Room())).Select(i => i.IngressId));
    }

    [Fact]
    public async Task A_key_that_takes_the_place_of_one_that_is_off_is_off()
    {
        var creator = await _system.NewChannel();
        await TestCreator.Read(await creator.Api.PutJson($"/api/stream/ingress/{creator.IngressId}/state", """{"enabled":false}"""), HttpStatusCode.OK);
        var rotated = await Rotate(creator, """{"mode":"now"}""");
        Assert.False(rotated.GetProperty("enabled").GetBoolean());
        Assert.False((await _system.LiveKit.GoLive(rotated.GetProperty("streamKey").GetString()!)).Accepted);
    }

    [Theory]
    [InlineData("RTMP", "auto", null, "1280x720 640x360 320x180")]
    [InlineData("RTMP", "1080p", IngressVideoEncodingPreset.H2641080P30Fps3Layers, "1920x1080 960x540 480x270")]
    [InlineData("RTMP", "540p", IngressVideoEncodingPreset.H264540P25Fps2Layers, "960x540 480x270")]
    [InlineData("WHIP", "auto", null, "")]
    [InlineData("WHIP", "passthrough", null, "")]
    [InlineData("WHIP", "720p", IngressVideoEncodingPreset.H264720P30Fps3Layers, "1280x720 640x360 320x180")]
    public async Task A_quality_is_one_of_LiveKits_presets(string type, string quality, IngressVideoEncodingPreset? preset, string layers)
    {
        var creator = await _system.NewCreator();
        var made = await TestCreator.Read(await creator.Api.PostJson("/api/stream/ingress/keys", $$"""{"label":"Key","ingressType":"{{type}}","quality":"{{quality}}"}"""), HttpStatusCode.Created);

        Assert.Equal(layers, string.Join(' ', made.GetProperty("layers").EnumerateArray().Select(l => $"{l.GetProperty("width")}x{l.GetProperty("height")}")));
        var ingress = Assert.Single(await _system.IngressesIn(await creator.Room()));
        Assert.Equal((preset, type == "RTMP" || preset is not null), (ingress.Video.EncodingOptionsCase == IngressVideoOptions.EncodingOptionsOneofCase.Preset ? ingress.Video.Preset : null, ingress.EnableTranscoding));
    }

    [Fact]
    public async Task RTMP_cannot_be_passed_through()
    {
        var creator = await _system.NewChannel();
        await (await creator.Api.PostJson("/api/stream/ingress", """{"quality":"passthrough"}""")).IsError(422, "quality_impossible");
        await (await creator.Api.PostJson("/api/stream/ingress/keys", """{"label":"x","quality":"passthrough"}""")).IsError(422, "quality_impossible");
        await (await creator.Api.PutJson($"/api/stream/ingress/{creator.IngressId}/quality", """{"quality":"passthrough"}""")).IsError(422, "quality_impossible");
        Assert.Equal([creator.IngressId], (await _system.IngressesIn(await creator.Room())).Select(i => i.IngressId));
    }

    [Fact]
    public async Task A_quality_chosen_while_live_waits_for_the_next_stream()
    {
        var creator = await _system.NewChannel();
        await Execute($"update channels set reconnect_window_seconds = 0 where user_id = '{creator.UserId}'");
        await _system.LiveKit.GoLive(creator.StreamKey);
        await Eventually.True(creator.IsLive);
        var path = $"/api/stream/ingress/{creator.IngressId}/quality";
        await (await creator.Api.PutJson(path, """{"quality":"540p"}""")).IsError(409, "quality_while_live");

        var chosen = await TestCreator.Read(await creator.Api.PutJson(path + "?applyAt=nextStream", """{"quality":"540p"}"""), HttpStatusCode.OK);

        Assert.Equal(("540p", false), (chosen.GetProperty("quality").GetString(), chosen.GetProperty("isApplied").GetBoolean()));
        Assert.True((await _system.LiveKit.Idle(TimeSpan.FromSeconds(10))).IsIdle);
        Assert.True(await creator.IsLive());
        await _system.LiveKit.Stop(creator.StreamKey);
        await Eventually.True(async () => (await Keys(creator))[0].GetProperty("isApplied").GetBoolean());
        Assert.Equal(IngressVideoEncodingPreset.H264540P25Fps2Layers, Assert.Single(await _system.IngressesIn(await creator.Room())).Video.Preset);
    }

    [Fact]
    public async Task A_key_is_shown_again_five_times_an_hour_to_whoever_has_just_signed_in()
    {
        var creator = await _system.NewChannel();
        var path = $"/api/stream/ingress/{creator.IngressId}/reveal";
        for (var i = 0; i < 5; i++)
        {
            using var answer = await creator.Api.PostJson(path, "");
            Assert.Equal(creator.StreamKey, (await TestCreator.Read(answer, HttpStatusCode.OK)).GetProperty("streamKey").GetString());
            Assert.True(answer.Headers.CacheControl is { NoStore: true });
        }

        using var sixth = await creator.Api.PostJson(path, "");
        await sixth.IsError(429, "rate_limited");
        Assert.InRange(sixth.Headers.RetryAfter!.Delta!.Value, TimeSpan.FromMinutes(59), TimeSpan.FromMinutes(60));
        Assert.Equal(5, (await Uses(creator, creator.IngressId)).Count(u => u == "revealed"));
    }

    [Fact]
    public async Task The_ledger_tells_what_became_of_a_key()
    {
        var creator = await _system.NewChannel();
        await _system.LiveKit.GoLive(creator.StreamKey);
        await Eventually.True(creator.IsLive);
        await _system.LiveKit.RefusedConnectionWhileLive(creator.StreamKey);
        await Eventually.True(async () => (await Uses(creator, creator.IngressId)).Contains("refused"));
        Assert.True(await creator.IsLive()); // a refused connection changes nothing
        await TestCreator.Read(await creator.Api.PutJson($"/api/stream/ingress/{creator.IngressId}/state", """{"enabled":false}"""), HttpStatusCode.OK);
        await TestCreator.Read(await creator.Api.PutJson($"/api/stream/ingress/{creator.IngressId}/state", """{"enabled":true}"""), HttpStatusCode.OK);
        await creator.Api.DeleteAsync(new Uri("/api/stream/ingress", UriKind.Relative));

        var newestFirst = await Uses(creator, creator.IngressId);
        Assert.Equal(["deleted", "enabled", "disabled"], newestFirst.Take(3));
        Assert.Equal(["accepted", "refused"], newestFirst.Skip(3).SkipLast(1).Order());
        Assert.Equal("issued", newestFirst[^1]);
        var page = await TestCreator.Read(await creator.Api.GetAt($"/api/stream/ingress/{creator.IngressId}/uses?limit=4"), HttpStatusCode.OK);
        var next = await TestCreator.Read(await creator.Api.GetAt($"/api/stream/ingress/{creator.IngressId}/uses?limit=4&cursor={page.GetProperty("nextCursor").GetString()}"), HttpStatusCode.OK);
        Assert.Equal([6L, 5, 4, 3, 2, 1], new[] { page, next }.SelectMany(p => p.GetProperty("items").EnumerateArray()).Select(i => i.GetProperty("sequence").GetInt64()));
    }

    private static async Task<JsonElement> Add(TestCreator creator, string label) =>
        await TestCreator.Read(await creator.Api.PostJson("/api/stream/ingress/keys", $$"""{"label":"{{label}}"}"""), HttpStatusCode.Created);

    private static async Task<JsonElement> Rotate(TestCreator creator, string body) =>
        await TestCreator.Read(await creator.Api.PostJson($"/api/stream/ingress/{creator.IngressId}/rotate", body), HttpStatusCode.Created);

    private static Task<HttpResponseMessage> Delete(TestCreator creator, JsonElement key) =>
        creator.Api.DeleteAsync(new Uri($"/api/stream/ingress/{key.GetProperty("ingressId").GetString()}", UriKind.Relative));

    private static async Task<IReadOnlyList<JsonElement>> Keys(TestCreator creator) =>
        [.. (await TestCreator.Read(await creator.Api.GetAt("/api/stream/ingress"), HttpStatusCode.OK)).GetProperty("items").EnumerateArray()];

    private static async Task<IReadOnlyList<string>> Uses(TestCreator creator, string ingress) =>
        [.. (await TestCreator.Read(await creator.Api.GetAt($"/api/stream/ingress/{ingress}/uses"), HttpStatusCode.OK)).GetProperty("items").EnumerateArray().Select(u => u.GetProperty("kind").GetString()!)];

    private async Task Execute(string sql)
    {
        await using var command = _system.Database.Source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
