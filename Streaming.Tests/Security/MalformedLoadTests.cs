using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Text;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Security;

/// <summary>A thousand of each kind of request that is not as it must be, and another thousand, at a real API: refused one and all, at no cost to anybody else.</summary>
public sealed class MalformedLoadTests
{
    private const string Info = "/api/stream/info";
    private const int Each = 1000, AtOnce = 16;

    [Fact]
    public async Task A_thousand_malformed_requests_of_each_kind_harm_nobody()
    {
        await using var system = await TestSystem.StartAsync();
        var (creator, good) = (await system.NewChannel(), await system.NewChannel());
        await good.Api.PutJson(Info, """{"title":"Untouched"}""");
        var kinds = Kinds(system, creator);
        using var end = new CancellationTokenSource();
        var beside = Task.Run(() => Beside(good, end.Token));
        foreach (var kind in kinds) await Send(creator.Api, system.Anonymous, kind, Each);
        var before = MemoryOf(system.Api.Id); // by now all code is compiled as it stays, and the heap has its size
        foreach (var kind in kinds) await Send(creator.Api, system.Anonymous, kind, Each);
        await end.CancelAsync();
        var served = await beside;

        Assert.True(served > 50, $"{served} good requests");
        Assert.Equal("Untouched", (await good.Info()).GetProperty("title").GetString());
        Assert.Equal("Untitled stream", (await creator.Info()).GetProperty("title").GetString());
        // A leak of a kilobyte for each of them would show.
        await Eventually.True(() => MemoryOf(system.Api.Id) - before < 12, TimeSpan.FromSeconds(15), () => $"{before} MiB before, {MemoryOf(system.Api.Id)} MiB after");
        Assert.DoesNotContain("\"LogLevel\":\"Error\"", system.Api.Log, StringComparison.Ordinal);
    }

    private static (string Name, int Status, bool IsAnonymous, Func<HttpRequestMessage> Make)[] Kinds(TestSystem system, TestCreator creator)
    {
        var session = creator.Api.DefaultRequestHeaders.Authorization!.Parameter!;
        var signer = new WebhookSigner(system.LiveKitHost.Options.ApiKey, system.LiveKitHost.Options.ApiSecret.Reveal());
        var webhook = """{"event":"room_started","id":"EV_x","createdAt":"1795351542"}"""u8.ToArray();
        return
        [
            ("broken JSON", 400, false, () => Put("""{"title":"x""")),
            ("a member twice", 400, false, () => Put("""{"title":"x","title":"y"}""")),
            ("an unknown member", 400, false, () => Put("""{"title":"x","isLive":true}""")),
            ("a wrong type", 400, false, () => Put("""{"title":{"a":[1,2,3]}}""")),
            ("a broken rule", 400, false, () => Put("""{"title":"\u202e"}""")),
            ("deep JSON", 400, false, () => Put(new string('[', 8000))),
            ("bytes that are no text", 400, false, () => Put([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d])),
            ("too large", 413, false, () => Put(new string(' ', 17 * 1024))),
            ("another content type", 415, false, () => Put("""{"title":"x"}""", "text/plain")),
            ("no content type", 415, false, () => Put("""{"title":"x"}""", null)),
            ("another method", 405, false, () => new HttpRequestMessage(HttpMethod.Patch, Info)),
            ("no such address", 404, false, () => new HttpRequestMessage(HttpMethod.Get, $"/api/{Guid.CreateVersion7()}")),
            ("a value of the wrong form", 400, false, () => new HttpRequestMessage(HttpMethod.Get, $"/api/sessions/{Guid.CreateVersion7()}/timeline?limit=abc")),
            ("nobody's session token", 401, true, () => Bearer($"{session[..^4]}AAAA")),
            ("an unsigned session token", 401, true, () => Bearer($"eyJhbGciOiJub25lIn0.{session.Split('.')[1]}.")),
            ("a random token", 401, true, () => Bearer(Guid.CreateVersion7().ToString())),
            ("a forged webhook", 401, true, () => WebhookSigner.Request(webhook, signer.Token("another body"u8))),
            ("an unsigned webhook", 401, true, () => WebhookSigner.Request(webhook, null)),
            ("a webhook that is text", 415, true, () => signer.Request(webhook, "text/plain")),
        ];
    }

    private static HttpRequestMessage Put(string body, string? type = "application/json") => Put(Encoding.UTF8.GetBytes(body), type);

    private static HttpRequestMessage Put(byte[] body, string? type = "application/json") =>
        new(HttpMethod.Put, Info) { Content = new ByteArrayContent(body) { Headers = { ContentType = type is null ? null : new MediaTypeHeaderValue(type) } } };

    private static HttpRequestMessage Bearer(string token) => new(HttpMethod.Get, Info) { Headers = { Authorization = new("Bearer", token) } };

    private static async Task Send(HttpClient creator, HttpClient anonymous, (string Name, int Status, bool IsAnonymous, Func<HttpRequestMessage> Make) kind, int times)
    {
        var answers = new ConcurrentDictionary<int, int>();
        await Parallel.ForAsync(0, times, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (_, stop) =>
        {
            using var request = kind.Make();
            if (kind.Status == 413) request.Headers.ExpectContinue = true; // or the refusal meets us while we are still sending
            using var answer = await (kind.IsAnonymous ? anonymous : creator).SendAsync(request, stop);
            answers.AddOrUpdate((int)answer.StatusCode, 1, (_, n) => n + 1);
        });
        Assert.True(answers.Keys.SequenceEqual([kind.Status]), $"{kind.Name}: {string.Join(", ", answers.Select(a => $"{a.Value} × {a.Key}"))} instead of {kind.Status}");
    }

    /// <summary>Somebody who does everything right meanwhile.</summary>
    private static async Task<int> Beside(TestCreator good, CancellationToken end)
    {
        var served = 0;
        for (; !end.IsCancellationRequested; served++)
        {
            using var answer = served % 2 == 0 ? await good.Api.GetAt(Info) : await good.Api.PutJson(Info, """{"title":"Untouched"}""");
            Assert.Equal(200, (int)answer.StatusCode);
        }
        return served;
    }

    /// <summary>In MiB: what the process holds itself, without the files it has mapped.</summary>
    private static double MemoryOf(int process) =>
        long.Parse(File.ReadLines($"/proc/{process}/status").First(l => l.StartsWith("RssAnon:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], null) / 1024.0;
}
