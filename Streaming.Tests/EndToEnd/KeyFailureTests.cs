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
        await _system.LiveKit.NoApiFaults();
    }

    public Task DisposeAsync() => Task.CompletedTask;

    [Theory]
    [InlineData("ListIngress", ApiFaultMoment.Before)]
    [InlineData("CreateIngress", ApiFaultMoment.Before)]
    [InlineData("CreateIngress", ApiFaultMoment.After)]
    public async Task A_rotation_that_fails_changes_nothing(string method, ApiFaultMoment when)
    {
        var creator = await _system.NewChannel();
        await _system.LiveKit.ApiFault(new() { Mode = ApiFaultMode.Error, Code = "internal", Method = method, When = when, Times = 1 });

        await (await creator.Api.PostJson($"/api/stream/ingress/{creator.IngressId}/rotate", """{"mode":"now"}""")).IsError(502, "livekit_bad_answer");

        await _system.LiveKit.NoApiFaults();
        Assert.Equal([creator.IngressId], await InLiveKit(creator));
        Assert.Equal([creator.IngressId], (await Keys(creator)).Select(Id));
        Assert.True((await _system.LiveKit.GoLive(creator.StreamKey)).Accepted);
    }

    [Theory]
    [InlineData(ApiFaultMoment.Before)]
    [InlineData(ApiFaultMoment.After)]
    public async Task A_rotation_whose_old_key_cannot_be_deleted_says_so_and_the_worker_deletes_it(ApiFaultMoment when)
    {
        var creator = await Live();
        await _system.LiveKit.ApiFault(new() { Mode = ApiFaultMode.Error, Code = "internal", Method = "DeleteIngress", When = when });

        var rotated = await TestCreator.Read(await creator.Api.PostJson($"/api/stream/ingress/{creator.IngressId}/rotate", """{"mode":"now"}"""), HttpStatusCode.Created);

        Assert.Equal(creator.IngressId, rotated.GetProperty("replaced").GetProperty("ingressId").GetString());
        Assert.Equal("ended", await creator.State());
        await _system.LiveKit.NoApiFaults();
        await Eventually.Equal(Id(rotated), async () => string.Join(", ", await InLiveKit(creator)));
        await Eventually.Equal(Id(rotated), async () => string.Join(", ", (await Keys(creator)).Select(Id)));
        Assert.Equal("ended", await creator.State());
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
            var port = TestPorts.Next();
            (Auth, LiveKitWire) = (await AuthServer.Start(), new TcpProxy(port));
            System = await TestSystem.StartAsync(
                new Dictionary<string, string>
                {
                    ["LiveKit__Url"] = $"ws://127.0.0.1:{LiveKitWire.Port}",
                    ["LiveKit__CallTimeout"] = "00:00:02",
                    ["Reconciling__KeysEvery"] = "00:00:00.500",
                },
                simulator => simulator with { Urls = $"http://127.0.0.1:{port}" }, auth: Auth);
        }

        public async Task DisposeAsync()
        {
            await System.DisposeAsync();
            await LiveKitWire.DisposeAsync();
            await Auth.DisposeAsync();
        }
    }
}
