using System.Net;
using System.Text.Json;
using LiveKitSimulator;
using Microsoft.IdentityModel.Tokens;
using Streaming.Tests.Api;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.EndToEnd;

/// <summary>A ban holds for the tokens we give, for whoever is in the room, and for whoever comes back.</summary>
public sealed class BansInRoomsTests : IAsyncLifetime
{
    private TestSystem _system = null!;
    private TestCreator _creator = null!;
    private string _room = null!, _page = null!;

    public async Task InitializeAsync()
    {
        _system = await TestSystem.Shared;
        (_creator, _room) = await _system.NewLiveChannel();
        var username = $"b{_creator.UserId[^20..]}";
        await TestCreator.Read(await _creator.Api.PutJson("/api/me/username", $$"""{"username":"{{username}}"}"""), HttpStatusCode.OK);
        _page = $"/api/stream/{username}";
    }

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task Whoever_is_banned_from_the_stream_is_taken_out_refused_and_put_out_again_each_time_he_comes_back()
    {
        var (viewer, bystander) = (await _system.NewViewer(), await _system.NewViewer());
        var (token, identity) = await Join(viewer.Api);
        var (_, other) = await Join(bystander.Api);

        await Ban(viewer.UserId, """{"scope":"stream"}""");

        await Eventually.True(async () => !await IsIn(identity));
        await (await viewer.Api.GetAt($"/api/stream/token/{_creator.UserId}")).IsError(403, "banned");
        var me = await Me(viewer.Api);
        Assert.Equal((false, "banned", "stream"), (me.GetProperty("canWatch").GetBoolean(), me.GetProperty("reason").GetString(), me.GetProperty("banned").GetString()));
        for (var again = 0; again < 2; again++)
        {
            Assert.True((await _system.LiveKit.ViewerJoins(new Newcomer { Token = token })).Accepted); // LiveKit revokes no token
            await Eventually.True(async () => !await IsIn(identity));
        }

        Assert.True(await IsIn(other));
        await Eventually.Equal(1, _creator.ViewerCount);

        await TestCreator.Read(await _creator.Api.DeleteAsync(new Uri($"/api/chat/{_room}/bans/{viewer.UserId}", UriKind.Relative)), HttpStatusCode.OK);
        Assert.True((await Me(viewer.Api)).GetProperty("canWatch").GetBoolean());
        var (_, back) = await Join(viewer.Api);
        await Task.Delay(TimeSpan.FromSeconds(1)); // long enough for a look that would have put him out
        Assert.True(await IsIn(back));
    }

    [Fact]
    public async Task A_time_out_takes_the_chat_from_whoever_stays_and_gives_it_back_when_it_is_over()
    {
        var viewer = await _system.NewViewer();
        var (_, identity) = await Join(viewer.Api);
        Assert.True(await MaySend(identity));

        await Ban(viewer.UserId, """{"scope":"chat","durationSeconds":3}""");
        var until = TimeProvider.System.GetUtcNow().AddSeconds(3);

        var (body, mayChat) = await Token(viewer.Api);
        Assert.Equal((false, false, "banned"), (mayChat, body.GetProperty("chat").GetProperty("canChat").GetBoolean(), body.GetProperty("chat").GetProperty("reason").GetString()));
        var me = await Me(viewer.Api);
        Assert.Equal((true, "chat", true), (me.GetProperty("canWatch").GetBoolean(), me.GetProperty("banned").GetString(), me.TryGetProperty("bannedUntil", out _)));
        await Eventually.Equal(false, () => MaySend(identity));
        Assert.True(await IsIn(identity));

        await Eventually.Equal(true, () => MaySend(identity));
        Assert.True(TimeProvider.System.GetUtcNow() > until.AddSeconds(-0.5));
        Assert.True((await Token(viewer.Api)).MayChat);
        Assert.False((await Me(viewer.Api)).TryGetProperty("banned", out _));
    }

    [Fact]
    public async Task A_guest_is_banned_with_whoever_comes_as_a_guest_from_where_he_came()
    {
        using var guest = From("127.0.0.2");
        using var neighbour = From("127.0.0.2");
        using var stranger = From("127.0.0.3");
        var viewer = await _system.NewViewer();
        var (_, identity) = await Join(guest);
        var (_, neighbours) = await Join(neighbour);
        var (_, strangers) = await Join(stranger);
        var (_, viewers) = await Join(viewer.Api);

        await Ban(identity, """{"scope":"stream","durationSeconds":600}""");

        await Eventually.True(async () => !await IsIn(identity) && !await IsIn(neighbours));
        Assert.True(await IsIn(strangers) && await IsIn(viewers));
        using var again = From("127.0.0.2"); // without his cookie
        foreach (var refused in new[] { guest, neighbour, again })
        {
            var error = await (await refused.GetAt($"/api/stream/token/{_creator.UserId}")).IsError(403, "banned");
            Assert.True(error.GetProperty("details").TryGetProperty("bannedUntil", out _));
            Assert.Equal("stream", (await Me(refused)).GetProperty("banned").GetString());
        }

        using var cookieElsewhere = From("127.0.0.4", guest.DefaultRequestHeaders.GetValues("Cookie").Single());
        await (await cookieElsewhere.GetAt($"/api/stream/token/{_creator.UserId}")).IsError(403, "banned");
        await Token(stranger);

        var addresses = await _system.Database.Rows("select address from guest_addresses where person = @person", new Npgsql.NpgsqlParameter("person", identity));
        Assert.Matches("^[0-9a-f]{32}$", Assert.Single(addresses));
        var listed = await TestCreator.Read(await _creator.Api.GetAt($"/api/chat/{_room}/bans"), HttpStatusCode.OK);
        Assert.Equal(identity, Assert.Single(listed.GetProperty("items").EnumerateArray()).GetProperty("userId").GetString());
    }

    [Fact]
    public async Task A_person_has_five_devices_and_with_the_next_one_the_oldest_is_ended_and_told_why()
    {
        var (viewer, other) = (await _system.NewViewer(), await _system.NewViewer());
        var (_, bystander) = await Join(other.Api);
        var devices = new List<string>();
        for (var i = 0; i < 5; i++) devices.Add((await Join(viewer.Api)).Identity);
        await Eventually.Equal(2, _creator.ViewerCount); // people, not devices
        foreach (var device in devices) Assert.True(await IsIn(device));
        var told = await TimesTold();

        devices.Add((await Join(viewer.Api)).Identity);

        await Eventually.True(async () => !await IsIn(devices[0]));
        Assert.True(await TimesTold() > told); // the attribute of his participant goes with him: that it was set has to do
        foreach (var device in devices.Skip(1).Append(bystander)) Assert.True(await IsIn(device));
        await Eventually.Equal(2, _creator.ViewerCount);

        async Task<int> TimesTold() => (await _system.LiveKit.Calls()).Count(c => c.Method == "UpdateParticipant" && c.Room == _room && c.Result == "ok");
    }

    private HttpClient From(string address, string? cookie = null) => Browser.At(address, _system.Anonymous.BaseAddress!, cookie);

    private async Task Ban(string person, string body) => await TestCreator.Read(await _creator.Api.PutJson($"/api/chat/{_room}/bans/{person}", body), HttpStatusCode.OK);

    private async Task<JsonElement> Me(HttpClient who) => (await TestCreator.Read(await who.GetAt(_page), HttpStatusCode.OK)).GetProperty("me");

    private async Task<(JsonElement Body, bool MayChat)> Token(HttpClient who)
    {
        using var answer = await who.GetAt($"/api/stream/token/{_creator.UserId}");
        if (answer.Headers.TryGetValues("Set-Cookie", out var cookies) && !who.DefaultRequestHeaders.Contains("Cookie")) who.DefaultRequestHeaders.Add("Cookie", cookies.Single().Split(';')[0]);
        var body = await TestCreator.Read(answer, HttpStatusCode.OK);
        var claims = JsonDocument.Parse(Base64UrlEncoder.Decode(body.GetProperty("token").GetString()!.Split('.')[1])).RootElement;
        return (body, claims.GetProperty("video").GetProperty("canPublishData").GetBoolean());
    }

    private async Task<(string Token, string Identity)> Join(HttpClient who)
    {
        var (body, _) = await Token(who);
        var token = body.GetProperty("token").GetString()!;
        Assert.True((await _system.LiveKit.ViewerJoins(new Newcomer { Token = token })).Accepted);
        return (token, body.GetProperty("identity").GetString()!);
    }

    private async Task<bool> IsIn(string identity) => (await _system.ParticipantsIn(_room)).Any(p => p.Identity == identity);

    private async Task<bool> MaySend(string identity) => (await _system.ParticipantsIn(_room)).Single(p => p.Identity == identity).Permission.CanPublishData;
}
