using System.Net;
using System.Text.Json;
using Microsoft.IdentityModel.Tokens;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Api;

/// <summary>Tokens to watch: who gets one, and what is in it.</summary>
public sealed class ViewerTokenTests : IAsyncLifetime
{
    private TestSystem _system = null!;

    public async Task InitializeAsync() => _system = await TestSystem.Shared;

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task A_viewer_a_guest_and_the_creator_himself_each_get_exactly_this()
    {
        var (creator, room) = await _system.NewLiveChannel();
        var viewer = await _system.NewViewer();
        var name = $"v{viewer.UserId[^20..]}";
        await viewer.Api.PutJson("/api/me/username", $$"""{"username":"{{name}}"}""");

        var (asViewer, hisClaims) = await Token(viewer.Api, creator);
        Assert.Matches($"^viewer:{viewer.UserId}:[0-9a-f]{{32}}$", asViewer.GetProperty("identity").GetString());
        Assert.Equal($$$"""{"room":"{{{room}}}","roomJoin":true,"canSubscribe":true,"canPublish":false,"canPublishData":true,"canUpdateOwnMetadata":false}""", hisClaims.GetProperty("video").GetRawText());
        Assert.Equal(name, hisClaims.GetProperty("name").GetString());
        Assert.Equal("""{"isEnabled":true,"isDelayed":false,"isFollowersOnly":false,"delivery":"direct","canChat":true}""", asViewer.GetProperty("chat").GetRawText());

        var (asGuest, guestsClaims) = await Token(_system.Anonymous, creator, "?guestName=host:ann");
        Assert.Matches("^guest:[0-9a-f]{32}$", asGuest.GetProperty("identity").GetString());
        Assert.Equal($$$"""{"room":"{{{room}}}","roomJoin":true,"canSubscribe":true,"canPublish":false,"canPublishData":false,"canUpdateOwnMetadata":false}""", guestsClaims.GetProperty("video").GetRawText());
        Assert.Equal("guest", asGuest.GetProperty("chat").GetProperty("reason").GetString());

        var (asHimself, ownersClaims) = await Token(creator.Api, creator);
        Assert.Matches($"^viewer:{creator.UserId}:[0-9a-f]{{32}}$", asHimself.GetProperty("identity").GetString());
        Assert.False(ownersClaims.GetProperty("video").GetProperty("canPublish").GetBoolean());

        foreach (var (body, claims) in new[] { (asViewer, hisClaims), (asGuest, guestsClaims), (asHimself, ownersClaims) })
        {
            Assert.Equal(["token", "url", "identity", "expiresAt", "refreshAfter", "chat"], body.EnumerateObject().Select(p => p.Name));
            Assert.Equal(body.GetProperty("identity").GetString(), claims.GetProperty("sub").GetString());
            Assert.Equal(TimeSpan.FromMinutes(2), body.GetProperty("expiresAt").GetDateTimeOffset() - body.GetProperty("refreshAfter").GetDateTimeOffset());
            Assert.InRange(body.GetProperty("expiresAt").GetDateTimeOffset() - TimeProvider.System.GetUtcNow(), TimeSpan.FromMinutes(9), TimeSpan.FromMinutes(10));
            Assert.True((await _system.LiveKit.ViewerJoins(new() { Token = body.GetProperty("token").GetString() })).Accepted);
        }

        await Eventually.Equal(2, creator.ViewerCount); // himself he is not
        Assert.Contains(await _system.ParticipantsIn(room), p => p.Kind == Livekit.Server.Sdk.Dotnet.ParticipantInfo.Types.Kind.Ingress); // nobody took the broadcast's place
    }

    [Fact]
    public async Task A_guest_stays_the_same_guest_by_his_cookie_and_cannot_be_another_or_a_user()
    {
        var (creator, _) = await _system.NewLiveChannel();
        using var browser = new HttpClient(new Leaks.OfAnswers(new SocketsHttpHandler { UseCookies = false })) { BaseAddress = _system.Anonymous.BaseAddress };
        using var first = await With(null);
        var cookie = Assert.Single(first.Headers.GetValues("Set-Cookie"));
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=lax", cookie, StringComparison.OrdinalIgnoreCase);
        var pass = cookie.Split(';')[0];
        var id = await IdentityOf(first);

        Assert.Equal(id, await IdentityOf(await With(pass)));
        Assert.NotEqual(id, await IdentityOf(await With(null)));
        Assert.NotEqual(id, await IdentityOf(await With(pass[..^1] + (pass[^1] == 'A' ? 'B' : 'A'))));
        Assert.NotEqual(id, await IdentityOf(await With($"streaming_guest={id["guest:".Length..]}")));

        async Task<HttpResponseMessage> With(string? value)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/stream/token/{creator.UserId}?guestName=Ann");
            if (value is not null) request.Headers.Add("Cookie", value);
            return await browser.SendAsync(request);
        }
    }

    [Fact]
    public async Task Whoever_may_not_watch_is_told_why()
    {
        var (creator, _) = await _system.NewLiveChannel();
        var (follower, other) = (await _system.NewViewer(), await _system.NewViewer());
        await TestCreator.Read(await follower.Api.PutJson($"/api/follows/{creator.UserId}", ""), HttpStatusCode.OK);

        await Set("""{"visibility":"followers"}""");
        await Refused(other.Api, 403, "followers_only");
        await Refused(_system.Anonymous, 403, "followers_only");
        await Token(follower.Api, creator);

        await Set("""{"visibility":"private"}""");
        await Refused(follower.Api, 403, "private");
        await TestCreator.Read(await creator.Api.PutJson($"/api/stream/allow-list/{follower.UserId}", ""), HttpStatusCode.OK);
        await Token(follower.Api, creator);

        await Set("""{"visibility":"test"}""");
        await Refused(follower.Api, 404, "channel_not_found");
        await Token(creator.Api, creator);

        await Set("""{"visibility":"unlisted","allowGuests":false}""");
        await Refused(_system.Anonymous, 403, "guests_not_allowed");
        await Token(other.Api, creator);

        await TestCreator.Read(await creator.Api.PutJson($"/api/blocks/{other.UserId}", ""), HttpStatusCode.OK);
        await Refused(other.Api, 403, "blocked");
        await TestCreator.Read(await creator.Api.DeleteAsync(new Uri($"/api/blocks/{other.UserId}", UriKind.Relative)), HttpStatusCode.OK);
        await TestCreator.Read(await other.Api.PutJson($"/api/blocks/{creator.UserId}", ""), HttpStatusCode.OK);
        await Refused(other.Api, 403, "blocked"); // whoever blocked whom

        await using (var suspend = _system.Database.Source.CreateCommand(
            "insert into suspensions (id, user_id, reason, suspended_by, suspended_at, until) values (gen_random_uuid(), @id, 'test', 'test', now(), 'infinity')"))
        {
            suspend.Parameters.AddWithValue("id", creator.UserId);
            await suspend.ExecuteNonQueryAsync();
        }

        await Refused(follower.Api, 403, "channel_suspended");
        await Refused(creator.Api, 403, "channel_suspended");

        async Task Set(string change) => await creator.Api.PutJson("/api/stream/info", change).Stream();

        async Task Refused(HttpClient api, int status, string code) => await (await api.GetAt($"/api/stream/token/{creator.UserId}")).IsError(status, code);
    }

    [Fact]
    public async Task Where_nothing_is_to_be_watched_there_is_no_token()
    {
        var creator = await _system.NewChannel();
        await (await _system.Anonymous.GetAt($"/api/stream/token/{creator.UserId}")).IsError(409, "offline");
        await (await creator.Api.GetAt($"/api/stream/token/{creator.UserId}")).IsError(409, "offline");
        foreach (var nobody in new[] { "nobody", (await _system.NewCreator()).UserId, await creator.Room(), "a%00b" })
            Assert.InRange((int)(await _system.Anonymous.GetAt($"/api/stream/token/{nobody}")).StatusCode, 400, 404);

        await _system.LiveKit.GoLive(creator.StreamKey);
        await Eventually.True(creator.IsLive);
        await Token(_system.Anonymous, creator);
        await _system.LiveKit.Stop(creator.StreamKey);
        await Eventually.Equal("reconnecting", creator.State);
        await Token(_system.Anonymous, creator); // whoever comes now waits with the others
    }

    [Theory]
    [InlineData("true", "false", "false", true, "direct")]
    [InlineData("false", "false", "false", false, "direct")]
    [InlineData("true", "true", "false", false, "moderated")] // no client sends what LiveKit would not delay
    [InlineData("true", "false", "true", false, "direct")]
    public async Task A_viewer_may_send_data_when_he_may_chat_and_no_rule_needs_us_in_between(string enabled, string delayed, string followersOnly, bool maySend, string delivery)
    {
        var (creator, _) = await _system.NewLiveChannel();
        var (stranger, follower) = (await _system.NewViewer(), await _system.NewViewer());
        await follower.Api.PutJson($"/api/follows/{creator.UserId}", "");
        await creator.Api.PutJson("/api/stream/chat-settings", $$"""{"isChatEnabled":{{enabled}},"isChatDelayed":{{delayed}},"isChatFollowersOnly":{{followersOnly}}}""").Stream();

        var (body, claims) = await Token(stranger.Api, creator);
        Assert.Equal((maySend, delivery), (claims.GetProperty("video").GetProperty("canPublishData").GetBoolean(), body.GetProperty("chat").GetProperty("delivery").GetString()));
        var (_, followers) = await Token(follower.Api, creator);
        Assert.Equal(maySend || followersOnly == "true", followers.GetProperty("video").GetProperty("canPublishData").GetBoolean());
        var (_, guests) = await Token(_system.Anonymous, creator);
        Assert.False(guests.GetProperty("video").GetProperty("canPublishData").GetBoolean());
    }

    [Theory]
    [InlineData("")]
    [InlineData("%20%20")]
    [InlineData("%E2%80%8B")] // nothing to be seen
    [InlineData("a%00b")]
    [InlineData("a%0Ab")]
    [InlineData("%E2%80%AEann")]
    [InlineData("12345678901234567890123456789012345678901")]
    public async Task A_guests_name_is_one_line_of_text(string name) =>
        await (await _system.Anonymous.GetAt($"/api/stream/token/anyone?guestName={name}")).IsError(400, "validation_failed");

    [Fact]
    public async Task A_session_token_that_has_expired_makes_no_guest_of_its_holder()
    {
        var (creator, _) = await _system.NewLiveChannel();
        foreach (var path in new[] { $"/api/stream/token/{creator.UserId}", "/api/stream/anybody" })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { { "Authorization", "Bearer not.a.session" } } };
            await (await _system.Anonymous.SendAsync(request)).IsError(401, "unauthorized");
        }
    }

    private static async Task<(JsonElement Body, JsonElement Claims)> Token(HttpClient api, TestCreator creator, string query = "")
    {
        using var answer = await api.GetAt($"/api/stream/token/{creator.UserId}{query}");
        var body = await TestCreator.Read(answer, HttpStatusCode.OK);
        Assert.True(answer.Headers.CacheControl is { NoStore: true });
        return (body, JsonDocument.Parse(Base64UrlEncoder.Decode(body.GetProperty("token").GetString()!.Split('.')[1])).RootElement);
    }

    private static async Task<string> IdentityOf(HttpResponseMessage answer) => (await TestCreator.Read(answer, HttpStatusCode.OK)).GetProperty("identity").GetString()!;
}
