#if RESTRICTED_FEED
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Streaming.AppHost.Local;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.AppHost;

/// <summary>./run itself, in a clone of its own. With Aspire, Aspire starts the processes: AppHostTests.</summary>
[Collection(nameof(RunCommandTests))]
public sealed class RunCommandTests : IDisposable
{
    private static readonly HttpClient Http = new(new SocketsHttpHandler());

    private readonly string _clone = CopyOfThisClone();

    public void Dispose() => TestDirectory.Delete(_clone);

    [Fact]
    public async Task One_command_starts_everything_and_one_signal_stops_it()
    {
        await using var run = await StartAsync();
        var system = await ReadyAsync(run);

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(RunFile()));
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
        Assert.False(File.Exists(RunFile()));
    }

    [Fact]
    public async Task Data_survive_a_kill_of_everything_and_only_fresh_forgets_them()
    {
        string key, address;
        await using (var killed = await StartAsync())
        {
            var system = await ReadyAsync(killed);
            key = await CreateKeyAsync(system);
            address = (string)system["api"]!;
            await killed.KillAsync();
        }

        await using (var again = await StartAsync())
        {
            var system = await ReadyAsync(again);
            Assert.Equal(address, (string)system["api"]!);
            Assert.Equal(key[^4..], await KeyLast4Async(system));

            Assert.True(Signal.Kill.Send(int.Parse(Assert.Single(ProcessesOfClone(), one => one.Line.Contains("/postgres -D", StringComparison.Ordinal)).Id, null)));
            Assert.Equal(1, await again.Exited.WaitAsync(TimeSpan.FromSeconds(40)));
            Assert.Contains("ended, so everything stops", again.Log, StringComparison.Ordinal);
            Assert.Empty(ProcessesOfClone());
        }

        await using (var onceMore = await StartAsync())
        {
            Assert.Equal(key[^4..], await KeyLast4Async(await ReadyAsync(onceMore)));
            Assert.Equal(0, await onceMore.TerminateAsync());
        }

        await using var fresh = await StartAsync("--fresh");
        Assert.Null(await KeyLast4Async(await ReadyAsync(fresh)));
        Assert.Equal(0, await fresh.TerminateAsync());
    }

    [Fact]
    public async Task Two_run_side_by_side_in_one_clone()
    {
        await using var first = await StartAsync();
        await using var second = await StartAsync();
        var (one, other) = (await ReadyAsync(first), await ReadyAsync(second, RunFile("-2")));

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
        await using var run = await ProcessUnderTest.StartAsync("run", Run(option) with
        {
            Environment = new Dictionary<string, string> { ["LIVEKIT_URL"] = liveKitUrl },
        });

        Assert.Equal(exitCode, await run.Exited.WaitAsync(TimeSpan.FromSeconds(20)));
        Assert.EndsWith(sentence, run.Log, StringComparison.Ordinal);
    }

    // The files of the commands and what they start, built already.
    private static string CopyOfThisClone()
    {
        var copy = TestDirectory.New("clone with a space");
        string[] parts = ["run", "tools/setup.sh", "global.json", "Streaming.sln", ".local/feed.props"];
        string[] programs = ["Streaming.AppHost", "Streaming.Api", "Streaming.WebhookWorker", "LiveKitSimulator"];
        var built = programs.SelectMany(program => Directory.EnumerateFiles(Path.GetDirectoryName(Clone.Program(program))!, "*", SearchOption.AllDirectories));
        foreach (var file in parts.Select(part => Path.Combine(Clone.Root, part)).Concat(built))
        {
            var target = Path.Combine(copy, Path.GetRelativePath(Clone.Root, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
        return copy;
    }

    private StartCommand Run(params string[] options) => new(Path.Combine(_clone, "run"), options);

    private Task<ProcessUnderTest> StartAsync(params string[] options) => ProcessUnderTest.StartAsync("run", Run([.. options, "--no-build"]));

    private string RunFile(string suffix = "") => Path.Combine(_clone, ".local", $"run{suffix}.json");

    private async Task<JsonNode> ReadyAsync(ProcessUnderTest run, string? runFile = null)
    {
        await Eventually.True(
            () => run.Exited.IsCompleted || run.Log.Contains("Ready.", StringComparison.Ordinal), within: TimeSpan.FromSeconds(90), evidence: () => run.Log);
        Assert.False(run.Exited.IsCompleted, run.Log);
        return JsonNode.Parse(await File.ReadAllTextAsync(runFile ?? RunFile()))!;
    }

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
        Processes().Where(process => process.Line.Contains(_clone, StringComparison.Ordinal));

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
#endif
