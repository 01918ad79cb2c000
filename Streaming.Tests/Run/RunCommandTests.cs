using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Streaming.AppHost.Local;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Run;

/// <summary>./run itself, in a clone of its own. With Aspire, Aspire starts the processes: AppHostTests.</summary>
[Collection(nameof(RunCommandTests))]
public sealed class RunCommandTests : IDisposable
{
    private static readonly HttpClient Http = new(new Leaks.OfAnswers(new SocketsHttpHandler()));

    private readonly BuiltClone _clone = new();

    public void Dispose() => _clone.Dispose();

    [Fact]
    public async Task One_command_starts_everything_and_one_signal_stops_it()
    {
        await using var run = await _clone.StartAsync();
        var system = await _clone.ReadyAsync(run);

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_clone.RunFile()));
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(system, "/health")).StatusCode);
        var key = await CreateKeyAsync(system);
        Assert.Equal(key[^4..], await KeyLast4Async(system));
        Assert.Equal(HttpStatusCode.Forbidden, (await GetAsync(system, "/api/stream/info", "viewer")).StatusCode);
        Assert.Contains((string)system["tokens"]!["admin"]!, run.Log, StringComparison.Ordinal);
        Assert.Contains((string)system["openapi"]!, run.Log, StringComparison.Ordinal);
        Assert.All(
            SecretsOf(system),
            secret => Assert.DoesNotContain(CommandLines(), line => line.Contains(secret, StringComparison.Ordinal)));

        run.Send(Signal.Interrupt);

        Assert.Equal(0, await run.Exited.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Empty(ProcessesOfClone());
        Assert.False(File.Exists(_clone.RunFile()));
    }

    [Fact]
    public async Task Data_survive_a_kill_of_everything_and_only_fresh_forgets_them()
    {
        string key, address;
        await using (var killed = await _clone.StartAsync())
        {
            var system = await _clone.ReadyAsync(killed);
            key = await CreateKeyAsync(system);
            address = (string)system["api"]!;
            await killed.KillAsync();
        }

        await using (var again = await _clone.StartAsync())
        {
            var system = await _clone.ReadyAsync(again);
            Assert.Equal(address, (string)system["api"]!);
            Assert.Equal(key[^4..], await KeyLast4Async(system));

            Assert.True(Signal.Kill.Send(int.Parse(Assert.Single(ProcessesOfClone(), one => one.Line.Contains("/postgres -D", StringComparison.Ordinal)).Id, null)));
            Assert.Equal(1, await again.Exited.WaitAsync(TimeSpan.FromSeconds(40)));
            Assert.Contains("ended, so everything stops", again.Log, StringComparison.Ordinal);
            Assert.Empty(ProcessesOfClone());
        }

        await using (var onceMore = await _clone.StartAsync())
        {
            Assert.Equal(key[^4..], await KeyLast4Async(await _clone.ReadyAsync(onceMore)));
            Assert.Equal(0, await onceMore.TerminateAsync());
        }

        await using var fresh = await _clone.StartAsync("--fresh");
        Assert.Null(await KeyLast4Async(await _clone.ReadyAsync(fresh)));
        Assert.Equal(0, await fresh.TerminateAsync());
    }

    [Fact]
    public async Task Two_run_side_by_side_in_one_clone()
    {
        await using var first = await _clone.StartAsync();
        await using var second = await _clone.StartAsync();
        foreach (var run in new[] { first, second }) await BuiltClone.UntilReadyAsync(run); // which of them is -2 is decided between them
        var (one, other) = (await ReadAsync(_clone.RunFile()), await ReadAsync(_clone.RunFile("-2")));

        Assert.NotEqual((string)one["api"]!, (string)other["api"]!);
        Assert.NotNull(await CreateKeyAsync(one));
        Assert.Null(await KeyLast4Async(other));

        Assert.All(await Task.WhenAll(first.TerminateAsync(), second.TerminateAsync()), code => Assert.Equal(0, code));
        Assert.Empty(ProcessesOfClone());
    }

    [Theory]
    [InlineData("--frehs", "", 2, "Unknown option --frehs: ./run --help lists them.\n")]
    [InlineData("--no-build", "http://livekit.example", 1, "To use a real LiveKit set LIVEKIT_URL, LIVEKIT_API_KEY, LIVEKIT_API_SECRET; missing: LIVEKIT_API_KEY, LIVEKIT_API_SECRET.\n")]
    public async Task A_mistake_is_answered_with_one_sentence(string option, string liveKitUrl, int exitCode, string sentence)
    {
        await using var run = await ProcessUnderTest.StartAsync("run", _clone.Run(option) with
        {
            Environment = new Dictionary<string, string> { ["LIVEKIT_URL"] = liveKitUrl },
        });

        Assert.Equal(exitCode, await run.Exited.WaitAsync(TimeSpan.FromSeconds(20)));
        Assert.EndsWith(sentence, run.Log, StringComparison.Ordinal);
    }

    private static async Task<JsonNode> ReadAsync(string runFile) => JsonNode.Parse(await File.ReadAllTextAsync(runFile))!;

    private static IEnumerable<string> SecretsOf(JsonNode system) =>
    [
        (string)system["livekit"]!["apiSecret"]!,
        ((string)system["postgres"]!).Split("Password=")[1],
        ((string)system["redis"]!).Split("password=")[1],
    ];

    private static async Task<HttpResponseMessage> GetAsync(JsonNode system, string path, string? user = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, system["api"] + path);
        if (user is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", (string)system["tokens"]![user]!);
        return await Http.SendAsync(request);
    }

    private static async Task<string> CreateKeyAsync(JsonNode system)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, system["api"] + "/api/stream/ingress");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", (string)system["tokens"]!["creator"]!);
        using var answer = await Http.SendAsync(request);
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        return (string)(await answer.Content.ReadFromJsonAsync<JsonNode>())!["streamKey"]!;
    }

    private static async Task<string?> KeyLast4Async(JsonNode system)
    {
        using var answer = await GetAsync(system, "/api/stream/info", "creator");
        var info = await answer.Content.ReadFromJsonAsync<JsonNode>();
        return (string?)info!["stream"]?["ingress"]?["keyLast4"];
    }

    private IEnumerable<(string Id, string Line)> ProcessesOfClone() =>
        Processes().Where(process => process.Line.Contains(_clone.Path, StringComparison.Ordinal));

    private static IEnumerable<string> CommandLines() => Processes().Select(process => process.Line);

    private static IEnumerable<(string Id, string Line)> Processes()
    {
        foreach (var directory in Directory.EnumerateDirectories("/proc").Where(name => char.IsAsciiDigit(Path.GetFileName(name)[0])))
        {
            string line;
            try
            {
                line = File.ReadAllText(directory + "/cmdline").Replace('\0', ' ');
            }
            catch (IOException)
            {
                continue; // it has just ended
            }
            yield return (Path.GetFileName(directory), line);
        }
    }
}
