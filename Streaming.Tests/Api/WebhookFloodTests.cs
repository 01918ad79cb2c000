using System.Net;
using System.Text;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Api;

/// <summary>Somebody floods the webhook endpoint, or a deployment cannot know LiveKit from him.</summary>
public sealed class WebhookFloodTests
{
    [Fact]
    public async Task A_thousand_forgeries_are_limited_and_LiveKit_beside_them_is_not()
    {
        // The product's own limit, instead of the generous one of tests.
        await using var system = await TestSystem.StartAsync(new Dictionary<string, string> { ["RateLimits__FailedSignatures__Requests"] = "20" }, withWorker: false);
        var (livekit, forger) = (new WebhookSigner(), new WebhookSigner(apiSecret: "guessed-guessed-guessed-guessed-guessed"));

        var forged = Many(1000, i => system.Anonymous.SendAsync(forger.Request(Body(i))));
        var good = Many(200, i => system.Anonymous.SendAsync(livekit.Request(Body(i))));

        Assert.All(await good, answer => Assert.Equal(HttpStatusCode.OK, answer.StatusCode));
        var refused = (await forged).ToLookup(answer => answer.StatusCode);
        Assert.Equal((20, 980), (refused[HttpStatusCode.Unauthorized].Count(), refused[HttpStatusCode.TooManyRequests].Count()));
        Assert.All(refused[HttpStatusCode.TooManyRequests], answer => Assert.InRange(answer.Headers.RetryAfter?.Delta?.TotalSeconds ?? 0, 1, 60));
        Assert.Equal(200, await RedisStream.Length(system.Redis));
    }

    [Theory]
    [InlineData("Streaming.Api")]
    [InlineData("Streaming.WebhookWorker")]
    public async Task A_secret_that_could_be_guessed_is_refused_at_the_start_in_one_sentence(string project)
    {
        const string secret = "31-bytes-31-bytes-31-bytes-31-b";
        Assert.Equal(31, Encoding.UTF8.GetByteCount(secret));
        var database = await TestDatabase.NewAsync();
        await using var process = await ProcessUnderTest.StartAsync(project, AppHost.Local.StartCommand.Dotnet(AppHost.Local.Clone.Program(project)) with
        {
            Environment = new Dictionary<string, string>
            {
                ["ASPNETCORE_URLS"] = $"http://127.0.0.1:{TestPorts.Next()}",
                ["ConnectionStrings__streamingdb"] = database.ConnectionString,
                ["ConnectionStrings__redis"] = (await RedisServer.Shared).ConnectionString,
                ["SessionTokens__JwksUrl"] = "https://auth.invalid/jwks",
                ["SessionTokens__Issuer"] = "i",
                ["SessionTokens__Audience"] = "a",
                ["LiveKit__Url"] = "http://127.0.0.1:1",
                ["LiveKit__ApiKey"] = "key",
                ["LiveKit__ApiSecret"] = secret,
            },
        });

        Assert.NotEqual(0, await process.Exited.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Contains("LiveKit:ApiSecret must be at least 32 bytes long.", process.Log);
        Assert.DoesNotContain(secret, process.Log);
    }

    private static async Task<IReadOnlyList<HttpResponseMessage>> Many(int count, Func<int, Task<HttpResponseMessage>> send)
    {
        var answers = new HttpResponseMessage[count];
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (i, _) => answers[i] = await send(i));
        return answers;
    }

    private static byte[] Body(int number) => Encoding.UTF8.GetBytes($$"""{"event":"room_started","id":"EV_{{number}}","createdAt":"1795352636"}""");
}
