using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using LiveKitSimulator;
using Streaming.Api.Http;
using Streaming.AppHost.Local;
using Streaming.Core.Creators;
using Streaming.Tests.Api;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Security;

/// <summary>Every operation of the contract, asked by everybody, with what nobody would send: an answer of the contract is all there is.</summary>
public sealed class FuzzTests
{
    private static readonly bool IsLong = Environment.GetEnvironmentVariable("STREAMING_LONG_TESTS") == "1";

    /// <summary>STREAMING_FUZZ_SEED tries others; a failure names its own.</summary>
    private static readonly int Seed = int.TryParse(Environment.GetEnvironmentVariable("STREAMING_FUZZ_SEED"), CultureInfo.InvariantCulture, out var seed) ? seed : 20251125;

    private static readonly int[] Usual = [200, 400, 401, 403, 404];

    private readonly JsonElement _document = JsonDocument.Parse(File.ReadAllText(Path.Combine(Clone.Root, "docs", "openapi.json"))).RootElement;

    [Fact]
    public async Task Whatever_is_asked_the_answer_is_one_of_the_contract()
    {
        await using var system = await TestSystem.StartAsync();
        var (strangers, ids) = await People(system);

        var asked = await AskAll(system, strangers, ids, each: IsLong ? 300 : 6, isLiveKitThere: true);
        Assert.All(Usual, status => Assert.Contains(status, asked));

        (strangers, ids) = await People(system); // the first ones have asked to be forgotten
        await system.LiveKit.ApiFault(new ApiFault { Mode = ApiFaultMode.Refuse, Times = 1_000_000 });
        var without = await AskAll(system, strangers, ids, each: IsLong ? 50 : 2, isLiveKitThere: false);
        Assert.True(without.GetValueOrDefault(503) > 0, string.Join(' ', without));
        Assert.DoesNotContain("Unhandled exception", system.Api.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_anothers_is_answered_as_what_is_nobodys()
    {
        var system = await TestSystem.Shared;
        var (ann, bob) = (await system.NewChannel(), await system.NewChannel());
        await system.LiveKit.GoLive(bob.StreamKey);
        await Eventually.True(bob.IsLive);
        string[] bobs = [bob.IngressId, (await bob.Status()).GetProperty("sessionId").GetString()!, await bob.Room()];

        var asked = 0;
        foreach (var (path, method, operation) in RandomRequest.Operations(_document).Where(o => o.Path.Contains('{') && RandomRequest.CodesOf(o.Operation, 403)?.Contains("creator_access_required") is true))
            foreach (var id in bobs)
            {
                var nobodys = id.StartsWith("IN_", StringComparison.Ordinal) ? "IN_" + new string('x', id.Length - 3) : Guid.CreateVersion7().ToString();
                var answers = new List<string>();
                foreach (var value in new[] { id, nobodys })
                {
                    using var answer = await ann.Api.SendBytes(new HttpMethod(method.ToUpperInvariant()), Regex.Replace(path, @"\{\w+\}", value), Example(operation));
                    var text = await answer.Content.ReadAsStringAsync();
                    Assert.InRange((int)answer.StatusCode, 400, 499);
                    answers.Add($"{(int)answer.StatusCode} {Regex.Replace(text, "[0-9a-f]{32}", "")}");
                }
                Assert.True(answers[0] == answers[1], $"{method} {path}: {string.Join(" and ", answers)}");
                asked++;
            }
        Assert.True(asked >= 3, $"{asked} ids");
        Assert.True(await bob.IsLive());
    }

    private static byte[]? Example(JsonElement operation) =>
        operation.TryGetProperty("requestBody", out var body) ? Encoding.UTF8.GetBytes(body.GetProperty("content").GetProperty("application/json").GetProperty("example").GetRawText()) : null;

    /// <summary>How often each status was the answer.</summary>
    private async Task<Dictionary<int, int>> AskAll(TestSystem system, IReadOnlyList<Func<Task<HttpClient>>> callers, IReadOnlyList<string> ids, int each, bool isLiveKitThere)
    {
        var answers = new Dictionary<int, int>();
        // Who asks to be forgotten asks nothing afterwards.
        var operations = RandomRequest.Operations(_document).OrderBy(o => o is ("/api/me", "delete", _)).ToList();
        Assert.True(operations.Count >= 12);
        await Parallel.ForEachAsync(callers.Select((caller, number) => (caller, number)), new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (who, stop) =>
        {
            using var api = await who.caller();
            var requests = new RandomRequest(_document, Seed + who.number, ids);
            foreach (var (path, method, operation) in operations)
                for (var i = 0; i < each; i++)
                {
                    var (request, told) = requests.Next(path, method, operation);
                    using var _ = request;
                    using var answer = await Answer(api, request, stop);
                    await IsOfTheContract(answer, operation, isLiveKitThere, $"Seed {Seed}, caller {who.number}: {told}");
                    lock (answers) answers[(int)answer.StatusCode] = answers.GetValueOrDefault((int)answer.StatusCode) + 1;
                }
        });
        return answers;
    }

    /// <summary>
    /// Up to its headers: a stream of events has no end. Asked twice where the connection was closed without a word: the server may have done so before
    /// it was used again; if it is this request that it does not answer, it will not answer it the second time.
    /// </summary>
    private static async Task<HttpResponseMessage> Answer(HttpClient api, HttpRequestMessage request, CancellationToken stop)
    {
        using var again = new HttpRequestMessage(request.Method, request.RequestUri);
        foreach (var (name, values) in request.Headers) again.Headers.TryAddWithoutValidation(name, values);
        if (request.Content is { } content)
        {
            again.Content = new ByteArrayContent(await content.ReadAsByteArrayAsync(stop));
            foreach (var (name, values) in content.Headers) again.Content.Headers.TryAddWithoutValidation(name, values);
        }

        try
        {
            return await api.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stop);
        }
        catch (HttpRequestException e) when (e.HttpRequestError == HttpRequestError.ResponseEnded)
        {
            return await api.SendAsync(again, HttpCompletionOption.ResponseHeadersRead, stop);
        }
    }

    private static async Task IsOfTheContract(HttpResponseMessage answer, JsonElement operation, bool isLiveKitThere, string told)
    {
        var status = (int)answer.StatusCode;
        var text = status >= 400 ? await answer.Content.ReadAsStringAsync() : "";
        told = $"{told}\n{status} {text}";
        if (status < 400)
        {
            Assert.True(RandomRequest.CodesOf(operation, status) is not null, told);
            return;
        }
        Assert.True(status < 500 || status == 503 && !isLiveKitThere, told);
        if (text.Length == 0 && status == 400) return; // no HTTP: the server below the API says so

        Assert.Equal("application/json", answer.Content.Headers.ContentType?.MediaType);
        var error = JsonDocument.Parse(text).RootElement;
        var code = error.GetProperty("code").GetString();
        Assert.True(!error.GetProperty("success").GetBoolean() && error.GetProperty("error").GetString()!.EndsWith('.') && error.GetProperty("traceId").GetString()!.Length == 32, told);
        Assert.True(Errors.All.Any(e => e.Code == code && e.Status == status), told);
        foreach (var leak in new[] { "   at ", "Exception", "Npgsql", "/src/" }) Assert.DoesNotContain(leak, text, StringComparison.Ordinal);
        // What belongs to no endpoint at all: an odd value in the path may make it another address.
        if (code is "not_found" or "method_not_allowed") return;
        Assert.True(RandomRequest.CodesOf(operation, status)?.Contains(code!) is true, $"The contract does not say {status} {code} here. {told}");
    }

    private static async Task<(IReadOnlyList<Func<Task<HttpClient>>> Callers, IReadOnlyList<string> Ids)> People(TestSystem system)
    {
        var (known, creator) = (await system.NewChannel(), await system.NewChannel());
        await system.LiveKit.GoLive(known.StreamKey);
        await Eventually.True(known.IsLive);
        var viewer = $"viewer-{Guid.CreateVersion7():N}";
        using (await system.As(viewer)) { }
        var admin = await system.NewChannel();
        await using (var db = system.Database.Open())
        {
            db.Administrators.Add(new Administrator(admin.UserId, TimeProvider.System.GetUtcNow()));
            await db.SaveChangesAsync();
        }
        string[] ids = [known.UserId, viewer, await known.Room(), known.IngressId, creator.IngressId, (await known.Status()).GetProperty("sessionId").GetString()!];
        return (
            [
                () => Task.FromResult(new HttpClient(new Leaks.OfAnswers(new SocketsHttpHandler { Expect100ContinueTimeout = Timeout.InfiniteTimeSpan })) { BaseAddress = system.Anonymous.BaseAddress }),
                () => system.As(viewer),
                () => system.As(creator.UserId),
                () => system.As(admin.UserId),
            ], ids);
    }
}
