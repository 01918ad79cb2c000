using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Streaming.Tests.Simulator;

public sealed class WebhookSignatureTests
{
    [Fact]
    public async Task A_webhook_is_signed_as_LiveKit_signs_it()
    {
        await using var simulated = await Simulated.StartAsync();
        await simulated.Play.ViewerJoins("room", "viewer");

        var request = (await simulated.Receiver.Has(1))[0];

        Assert.DoesNotContain("Bearer", request.Authorization);
        var parts = request.Authorization.Split('.');
        Assert.Equal("""{"alg":"HS256","typ":"JWT"}""", Encoding.UTF8.GetString(Base64Url.DecodeFromChars(parts[0])));
        var mac = HMACSHA256.HashData(simulated.Host.Options.ApiSecret.Bytes, Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"));
        Assert.Equal(Base64Url.EncodeToString(mac), parts[2]);

        var claims = JsonDocument.Parse(Base64Url.DecodeFromChars(parts[1])).RootElement;
        Assert.Equal(["iss", "exp", "nbf", "iat", "sha256"], claims.EnumerateObject().Select(claim => claim.Name));
        Assert.Equal("devkey", claims.GetProperty("iss").GetString());
        Assert.Equal(300, claims.GetProperty("exp").GetInt64() - claims.GetProperty("nbf").GetInt64());
        Assert.Equal(Convert.ToBase64String(SHA256.HashData(request.Body)), claims.GetProperty("sha256").GetString());
    }

    [Fact]
    public async Task A_webhook_has_the_headers_of_LiveKit_and_no_others()
    {
        await using var simulated = await Simulated.StartAsync();
        await simulated.Play.ViewerJoins("room", "viewer");

        var headers = (await simulated.Receiver.Has(1))[0].Headers;

        Assert.Equal(["Accept-Encoding", "Authorization", "Content-Length", "Content-Type", "Host", "User-Agent"], headers.Keys.Order());
        Assert.Equal("gzip", headers["Accept-Encoding"]);
        Assert.Equal("application/webhook+json", headers["Content-Type"]);
        Assert.Equal("Go-http-client/1.1", headers["User-Agent"]);
    }

    [Fact]
    public async Task Every_URL_gets_the_same_event_and_every_retry_the_same_bytes_and_token()
    {
        await using var second = await Receiver.StartAsync();
        await using var simulated = await Simulated.StartAsync(options =>
            options with { Webhooks = [.. options.Webhooks, second.Url], Time = new JumpingClock() });
        var answers = 0;
        simulated.Receiver.Answer = (_, _) => Task.FromResult(Interlocked.Increment(ref answers) < 3 ? 500 : 200);

        await simulated.Rooms.CreateRoom(new() { Name = "room" });

        var tries = (await simulated.Receiver.Has(3)).Take(3).ToList();
        Assert.Single(tries.Select(one => one.Text).Distinct());
        Assert.Single(tries.Select(one => one.Authorization).Distinct());
        Assert.Equal(tries[0].Text, (await second.Has(1))[0].Text);
    }

    [Fact]
    public async Task The_counts_in_a_room_are_told_late_and_after_the_codecs()
    {
        await using var simulated = await Simulated.StartAsync(options => options with { RoomCountsLag = TimeSpan.Zero });
        await simulated.Play.ViewerJoins("room", "first");
        await simulated.Play.ViewerJoins("room", "second");

        var joined = (await simulated.Receiver.Has(3)).Skip(1).Select(request => request.Text).ToList();

        Assert.DoesNotContain("numParticipants", joined[0]);
        Assert.Contains("""{"mime":"video/rtx"}], "numParticipants":1}, "participant":""", joined[1]);
    }
}
