using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;
using LiveKitSimulator;
using Streaming.AppHost.Local;
using Streaming.Tests.Api;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.EndToEnd;

/// <summary>
/// Rotating, switching and deleting keys while LiveKit fails or the API dies: no key works of which we do not know, the answer says what is not done yet, and
/// the worker does it. The tests share a system of their own, one after the other, since a fault strikes everyone.
/// </summary>
public sealed class KeyFailureTests(KeyFailureTests.Unwell unwell) : IClassFixture<KeyFailureTests.Unwell>, IAsyncLifetime
{
    private readonly TestSystem _system = unwell.System;

    public async Task InitializeAsync()
    {
        unwell.LiveKitWire.Restore();
        unwell.LiveKitWire.Thaw();
        await _system.LiveKit.NoApiFaults();
    }

    public Task DisposeAsync() => Task.CompletedTask;

    /// <summary>Every step of every act in which LiveKit is asked: what only looks fails, what acts fails before it has, after it has, and in silence.</summary>
    public static TheoryData<KeyAct, string, ApiFaultMode, ApiFaultMoment> Steps
    {
        get
        {
            var steps = new TheoryData<KeyAct, string, ApiFaultMode, ApiFaultMoment>();
            foreach (var (act, looks, acts) in new (KeyAct, string[], string[])[]
            {
                (KeyAct.Create, ["ListIngress"], ["CreateIngress"]),
                (KeyAct.Rotate, ["ListIngress", "ListParticipants"], ["CreateIngress", "DeleteIngress", "RemoveParticipant"]),
                (KeyAct.Disable, ["ListIngress", "ListParticipants"], ["UpdateIngress", "RemoveParticipant"]),
                (KeyAct.Enable, ["ListIngress"], ["UpdateIngress"]),
                (KeyAct.Delete, ["ListIngress", "ListParticipants"], ["DeleteIngress", "RemoveParticipant"]),
            })
            {
                foreach (var step in looks.Concat(acts)) steps.Add(act, step, ApiFaultMode.Error, ApiFaultMoment.Before);
                foreach (var step in acts) steps.Add(act, step, ApiFaultMode.Error, ApiFaultMoment.After);
                foreach (var step in acts) steps.Add(act, step, ApiFaultMode.Slow, ApiFaultMoment.After);
            }

            return steps;
        }
    }

    [Theory]
    [MemberData(nameof(Steps))]
    public async Task Whichever_step_fails_no_key_works_of_which_we_do_not_know_and_the_answer_says_what_is_not_done(KeyAct act, string step, ApiFaultMode mode, ApiFaultMoment when)
    {
        var creator = act == KeyAct.Create ? await _system.NewCreator() : await Live();
        if (act == KeyAct.Enable) await Set(creator, enabled: false);
        else if (act != KeyAct.Create) await _system.LiveKit.RefusedConnectionWhileLive(creator.StreamKey); // now LiveKit leaves the publisher on the air, whatever becomes of the key
        await _system.LiveKit.ForgetCalls();
        await _system.LiveKit.ApiFault(new() { Mode = mode, Code = "internal", DelayMs = 60_000, Method = step, When = when });

        using var answer = await Do(act, creator);

        Assert.Contains(await _system.LiveKit.Calls(), c => c.Method == step);
        await _system.LiveKit.NoApiFaults();
        var known = await OnRecord(creator);
        Assert.Empty((await InLiveKit(creator)).Except(known));
        var said = JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement;
        if (answer.IsSuccessStatusCode)
            Assert.True(said.TryGetProperty("replaced", out _) || (said.TryGetProperty("isApplied", out var isApplied) && !isApplied.GetBoolean()), $"It is not done, and the answer says it is: {said}");
        else
        {
            Assert.StartsWith("livekit_", said.GetProperty("code").GetString(), StringComparison.Ordinal);
            Assert.Equal(act == KeyAct.Create ? [] : [creator.IngressId], known);
            using var again = await Do(act, creator);
            Assert.True(again.IsSuccessStatusCode, await again.Content.ReadAsStringAsync());
        }

        await IsDone(act, creator);
    }

    /// <summary>Sooner or later, with what the worker does: LiveKit has the keys that we know and no others, they work as we say, and who was cut off is off the air.</summary>
    private async Task IsDone(KeyAct act, TestCreator creator)
    {
        await Eventually.True(async () => (await Keys(creator)) is var keys && keys.All(k => k.GetProperty("isApplied").GetBoolean()) && keys.Count == (act == KeyAct.Delete ? 0 : 1)
            && (await InLiveKit(creator)).Order().SequenceEqual(keys.Select(Id).Order()));
        if (act is KeyAct.Create) return;
        Assert.Equal(act == KeyAct.Enable, (await _system.LiveKit.GoLive(creator.StreamKey)).Accepted);
        if (act is KeyAct.Enable) return;
        await Eventually.Equal("ended", creator.State);
        Assert.DoesNotContain(await _system.ParticipantsIn(await Room(creator)), p => p.Kind == Livekit.Server.Sdk.Dotnet.ParticipantInfo.Types.Kind.Ingress);
    }

    [Fact]
    public async Task A_key_that_can_be_neither_recorded_nor_taken_back_is_in_the_log_and_gone_with_the_next_change()
    {
        var creator = await _system.NewChannel();
        await _system.LiveKit.ApiFault(new() { Mode = ApiFaultMode.Error, Code = "internal", Method = "CreateIngress", When = ApiFaultMoment.After, Times = 1 });
        await _system.LiveKit.ApiFault(new() { Mode = ApiFaultMode.Refuse, Method = "DeleteIngress" });

        await (await creator.Api.PostJson("/api/stream/ingress/keys", """{"label":"Backup"}""")).IsError(502, "livekit_bad_answer");

        await Eventually.True(async () => _system.Api.Log.Contains($"An ingress of channel {await Room(creator)} may be left in LiveKit", StringComparison.Ordinal));
        await _system.LiveKit.NoApiFaults();
        Assert.Equal(2, (await InLiveKit(creator)).Count);
        await TestCreator.Read(await creator.Api.PostJson("/api/stream/ingress/keys", """{"label":"Backup"}"""), HttpStatusCode.Created);
        Assert.Equal((await Keys(creator)).Select(Id).Order(), (await InLiveKit(creator)).Order());
    }

    [Theory]
    [InlineData(ApiFaultMoment.Before)]
    [InlineData(ApiFaultMoment.After)]
    public async Task One_more_key_that_cannot_be_made_is_not_left_behind(ApiFaultMoment when)
    {
        var creator = await _system.NewChannel();
        await _system.LiveKit.ApiFault(new() { Mode = ApiFaultMode.Error, Code = "internal", Method = "CreateIngress", When = when });
        await (await creator.Api.PostJson("/api/stream/ingress/keys", """{"label":"Backup"}""")).IsError(502, "livekit_bad_answer");
        await _system.LiveKit.NoApiFaults();
        Assert.Equal([creator.IngressId], await InLiveKit(creator));
    }

    [Fact]
    public async Task With_LiveKit_down_a_key_is_switched_off_all_the_same_and_LiveKit_hears_of_it_when_it_is_back()
    {
        var creator = await Live();
        unwell.LiveKitWire.Cut();

        var state = await Set(creator, enabled: false);

        Assert.Equal((false, false), (state.GetProperty("enabled").GetBoolean(), state.GetProperty("isApplied").GetBoolean()));
        Assert.Equal("ended", await creator.State());
        await (await creator.Api.PostJson($"/api/stream/ingress/{creator.IngressId}/rotate", """{"mode":"now"}""")).IsError(503, "livekit_unavailable");
        await (await creator.Api.DeleteAsync(new Uri($"/api/stream/ingress/{creator.IngressId}", UriKind.Relative))).IsError(503, "livekit_unavailable");

        unwell.LiveKitWire.Restore();
        await Eventually.True(async () => (await Keys(creator)).Single().GetProperty("isApplied").GetBoolean());
        Assert.False((await _system.LiveKit.GoLive(creator.StreamKey)).Accepted);
        Assert.Equal("ended", await creator.State());
    }

    [Fact]
    public async Task A_key_of_which_it_is_not_known_that_LiveKit_switched_it_on_is_not_cut_off_when_that_is_found_out()
    {
        var creator = await _system.NewChannel();
        await Set(creator, enabled: false);
        await _system.LiveKit.ApiFault(new() { Mode = ApiFaultMode.Error, Code = "internal", Method = "UpdateIngress", When = ApiFaultMoment.After });
        Assert.False((await Set(creator, enabled: true)).GetProperty("isApplied").GetBoolean());
        Assert.True((await _system.LiveKit.GoLive(creator.StreamKey)).Accepted);

        await _system.LiveKit.NoApiFaults();
        await Eventually.True(async () => (await Keys(creator)).Single().GetProperty("isApplied").GetBoolean());
        await Eventually.True(creator.IsLive);
        await _system.LiveKit.Stop(creator.StreamKey); // it was there all the time
    }

    [Fact]
    public async Task An_API_killed_before_it_could_tell_LiveKit_is_made_good_for_by_the_worker()
    {
        var creator = await Live();
        await _system.LiveKit.ForgetCalls();
        await _system.LiveKit.ApiFault(new() { Mode = ApiFaultMode.Slow, Method = "UpdateIngress", DelayMs = 20_000, Times = 1 });
        var killed = creator.Api.PutJson($"/api/stream/ingress/{creator.IngressId}/state", """{"enabled":false}""");
        await Eventually.True(async () => (await _system.Database.Rows($"select 1 from ingresses where id = '{creator.IngressId}' and is_enabled is null")).Count == 1);
        _system.Api.Send(Signal.Kill);
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => killed);

        await Eventually.True(async () => (await _system.IngressesIn(await Room(creator))).Single() is { HasEnabled: true, Enabled: false });

        await _system.Api.DisposeAsync();
        await _system.StartApiAsync();
        Assert.Equal("ended", await creator.State());
        Assert.False((await _system.LiveKit.GoLive(creator.StreamKey)).Accepted);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(-301L)]
    [InlineData(31L)]
    [InlineData(0L, true)]
    public async Task Whoever_has_not_just_signed_in_is_not_shown_a_key(long? seconds, bool asText = false)
    {
        var creator = await _system.NewChannel();
        using var answer = await Reveal(creator, seconds, asText);
        await answer.IsError(403, "reauthentication_required");
        Assert.DoesNotContain(creator.StreamKey, await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        using var fresh = await Reveal(creator, -200);
        Assert.Equal(creator.StreamKey, (await TestCreator.Read(fresh, HttpStatusCode.OK)).GetProperty("streamKey").GetString());
    }

    /// <summary>Better Auth's session says when it was made; that it was used since, and for how long it lasts, is no signing in.</summary>
    [Theory]
    [InlineData(-290, true)]
    [InlineData(-301, false)]
    [InlineData(40, false)]
    public async Task With_an_opaque_session_token_the_age_of_its_session_decides(int seconds, bool isShown)
    {
        var creator = await _system.NewChannel();
        var token = $"{Guid.CreateVersion7():N}";
        unwell.Auth.Sessions[token] = (creator.UserId, TimeProvider.System.GetUtcNow().AddSeconds(seconds));
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/stream/ingress/{creator.IngressId}/reveal");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);

        using var answer = await creator.Api.SendAsync(request);

        if (isShown) Assert.Equal(creator.StreamKey, (await TestCreator.Read(answer, HttpStatusCode.OK)).GetProperty("streamKey").GetString());
        else await answer.IsError(403, "reauthentication_required");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_preflight_without_LiveKit_says_so_and_what_to_do_and_does_not_wait_for_it(bool isSilent)
    {
        var creator = await _system.NewChannel();
        if (isSilent) unwell.LiveKitWire.Freeze();
        else unwell.LiveKitWire.Cut();
        var started = Stopwatch.GetTimestamp();

        var answer = await Preflight(creator);

        Assert.InRange(Stopwatch.GetElapsedTime(started), TimeSpan.Zero, TimeSpan.FromSeconds(8));
        Assert.False(answer.GetProperty("ready").GetBoolean());
        Assert.Equal(("error", "Try again in a minute. If it lasts, tell the operator."), Check(answer, "liveKitReachable"));
        Assert.Equal(("ok", ""), Check(answer, "notSuspended")); // what we know ourselves is told all the same
        Assert.DoesNotContain(answer.GetProperty("checks").EnumerateArray(), c => c.GetProperty("code").GetString() is "keyExists" or "keyEnabled"); // and nothing is made up
    }

    [Fact]
    public async Task A_preflight_tells_of_a_server_that_had_no_capacity_left_lately()
    {
        var creator = await _system.NewChannel();
        Assert.Equal(("ok", ""), Check(await Preflight(creator), "capacity"));
        Assert.False((await _system.LiveKit.RefusedStart(creator.StreamKey)).Accepted);

        await Eventually.Equal("warning", async () => Check(await Preflight(creator), "capacity").Severity);
        var answer = await Preflight(creator);
        Assert.Contains("WHIP", Check(answer, "capacity").Fix, StringComparison.Ordinal);
        Assert.True(answer.GetProperty("ready").GetBoolean()); // it may have capacity again

        await Execute("update ingest_segments set stopped_at = stopped_at - interval '5 minutes' where failure = 'capacity_exceeded'");
        Assert.Equal(("ok", ""), Check(await Preflight(creator), "capacity"));
    }

    [Fact]
    public async Task The_worker_verifies_the_ledger_on_demand()
    {
        await _system.NewChannel();
        Assert.Equal(0, (await Verify()).Exit);
        await Execute("update key_ledger set kind = 'Revealed' where ctid = (select ctid from key_ledger where kind = 'Issued' limit 1)");

        var (exit, shown) = await Verify();

        Assert.Equal(1, exit);
        Assert.Matches("Channel [0-9a-f-]{36}: entry 1 is not as it was written", shown);
        await Execute("update key_ledger set kind = 'Issued' where kind = 'Revealed' and sequence = 1");
        Assert.Equal(0, (await Verify()).Exit);
    }

    /// <summary>What can be done to a key.</summary>
    public enum KeyAct
    {
        Create,
        Rotate,
        Disable,
        Enable,
        Delete,
    }

    private static Task<HttpResponseMessage> Do(KeyAct act, TestCreator creator) => act switch
    {
        KeyAct.Create => creator.Api.PostJson("/api/stream/ingress", "{}"),
        KeyAct.Rotate => creator.Api.PostJson($"/api/stream/ingress/{creator.IngressId}/rotate", """{"mode":"now"}"""),
        KeyAct.Delete => creator.Api.DeleteAsync(new Uri($"/api/stream/ingress/{creator.IngressId}", UriKind.Relative)),
        _ => creator.Api.PutJson($"/api/stream/ingress/{creator.IngressId}/state", $$"""{"enabled":{{(act == KeyAct.Enable ? "true" : "false")}}}"""),
    };

    private static async Task<JsonElement> Preflight(TestCreator creator) => await TestCreator.Read(await creator.Api.PostJson("/api/stream/preflight", ""), HttpStatusCode.OK);

    private static (string? Severity, string? Fix) Check(JsonElement preflight, string code)
    {
        var check = Assert.Single(preflight.GetProperty("checks").EnumerateArray(), c => c.GetProperty("code").GetString() == code);
        return (check.GetProperty("severity").GetString(), check.GetProperty("fix").GetString());
    }

    private Task<IReadOnlyList<string>> OnRecord(TestCreator creator) =>
        _system.Database.Rows($"select i.id from ingresses i join channels c on c.id = i.channel_id where c.user_id = '{creator.UserId}' and i.deleted_at is null");

    private async Task<TestCreator> Live()
    {
        var creator = await _system.NewChannel();
        await _system.LiveKit.GoLive(creator.StreamKey);
        await Eventually.True(creator.IsLive);
        return creator;
    }

    private static async Task<JsonElement> Set(TestCreator creator, bool enabled) =>
        await TestCreator.Read(await creator.Api.PutJson($"/api/stream/ingress/{creator.IngressId}/state", $$"""{"enabled":{{(enabled ? "true" : "false")}}}"""), HttpStatusCode.OK);

    private async Task<HttpResponseMessage> Reveal(TestCreator creator, long? signedIn, bool asText = false)
    {
        var at = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() + signedIn;
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/stream/ingress/{creator.IngressId}/reveal");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", unwell.Auth.Token(creator.UserId, claims =>
        {
            if (at is { } time) claims["auth_time"] = asText ? JsonValue.Create($"{time}") : JsonValue.Create(time);
        }));
        return await creator.Api.SendAsync(request);
    }

    private async Task<string> Room(TestCreator creator) => (await _system.Database.Rows($"select id from channels where user_id = '{creator.UserId}'"))[0];

    private async Task<IReadOnlyList<string>> InLiveKit(TestCreator creator) => [.. (await _system.IngressesIn(await Room(creator))).Select(i => i.IngressId)];

    private static async Task<IReadOnlyList<JsonElement>> Keys(TestCreator creator) =>
        [.. (await TestCreator.Read(await creator.Api.GetAt("/api/stream/ingress"), HttpStatusCode.OK)).GetProperty("items").EnumerateArray()];

    private static string Id(JsonElement key) => key.GetProperty("ingressId").GetString()!;

    private async Task<(int Exit, string Shown)> Verify()
    {
        await using var process = await _system.RunAsync("Streaming.WebhookWorker", ["--verify-ledger"], new Dictionary<string, string>());
        return (await process.Exited.WaitAsync(TimeSpan.FromSeconds(60)), process.Log);
    }

    private async Task Execute(string sql)
    {
        await using var command = _system.Database.Source.CreateCommand(sql);
        Assert.NotEqual(0, await command.ExecuteNonQueryAsync());
    }

    /// <summary>A system whose LiveKit is behind a wire, and whose session tokens say when their users signed in.</summary>
    public sealed class Unwell : IAsyncLifetime
    {
        public AuthServer Auth { get; private set; } = null!;

        public TcpProxy LiveKitWire { get; private set; } = null!;

        public TestSystem System { get; private set; } = null!;

        public async Task InitializeAsync()
        {
            Auth = await AuthServer.Start();
            (System, LiveKitWire) = await TestSystem.StartOverWireAsync(
                new Dictionary<string, string> { ["Reconciling__KeysEvery"] = "00:00:00.500", ["SessionTokens__SessionUrl"] = $"{Auth.SessionUrl}" }, auth: Auth);
        }

        public async Task DisposeAsync()
        {
            await System.DisposeAsync();
            await LiveKitWire.DisposeAsync();
            await Auth.DisposeAsync();
        }
    }
}
