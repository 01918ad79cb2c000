using System.Buffers;
using System.Collections.Concurrent;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Streaming.Tests.Fixtures;

/// <summary>
/// Looks, in every system of the whole test run, for secrets and titles where none may be: in each answer when it comes, and before a system is
/// thrown away in the logs of its processes, in their telemetry, in what Redis wrote to disk and in a dump of its database.
/// </summary>
internal static partial class Leaks
{
    private static int _sweeps;

    /// <summary>How many systems were searched so far.</summary>
    public static int Sweeps => _sweeps;

    /// <param name="logs">Of every process that there was.</param>
    /// <param name="liveKitSecret">What LiveKit and we share.</param>
    public static async Task Sweep(IEnumerable<string> logs, OtlpCapture telemetry, RedisServer redis, TestDatabase database, string liveKitSecret)
    {
        var (titles, dump) = (await TitlesIn(database), await database.TryDumpAsync() ?? ""); // none where the test has broken its server and not mended it
        var secrets = new Dictionary<string, string> { [TestSystem.KeyPrefix] = "A stream key", [TestSystem.TurnPrefix] = "A TURN password" };
        foreach (var (secret, kind) in Captured.Secrets) secrets[secret] = kind;
        secrets[liveKitSecret] = "LiveKit's secret";
        secrets[new NpgsqlConnectionStringBuilder(database.ConnectionString).Password!] = "Postgres' password";
        secrets[redis.ConnectionString.Split("password=")[1]] = "Redis' password";
        foreach (var (secret, kind) in secrets.ToList()) foreach (var form in Encoded(secret)) secrets[form] = kind;

        List<string?> found = [Search("the dump of Postgres", dump, secrets)];
        foreach (var title in titles) secrets[title] = "A title";
        found.Add(Search("Redis' files", Text(redis.Files), secrets));
        foreach (var log in logs) found.Add(Search("a log", log, secrets));
        foreach (var signal in OtlpCapture.Signals) found.Add(Search($"the {signal}", telemetry.Text(signal), secrets));
        Assert.True(found.TrueForAll(f => f is null), string.Join('\n', found.Where(f => f is not null)));
        Interlocked.Increment(ref _sweeps);
    }

    /// <returns>What was found where; null when nothing was.</returns>
    private static string? Search(string place, string text, Dictionary<string, string> secrets)
    {
        var at = text.AsSpan().IndexOfAny(SearchValues.Create([.. secrets.Keys], StringComparison.Ordinal));
        return at >= 0 ? $"{secrets.First(s => text.AsSpan(at).StartsWith(s.Key, StringComparison.Ordinal)).Value} is in {place}: {Around(text, at)}"
            : Token().Match(text) is { Success: true } token ? $"A token is in {place}: {Around(text, token.Index)}"
            : null;
    }

    /// <summary>As Postgres writes bytes, and as JSON does.</summary>
    private static IEnumerable<string> Encoded(string secret)
    {
        var bytes = Encoding.UTF8.GetBytes(secret);
        return [Convert.ToHexStringLower(bytes), Convert.ToBase64String(bytes).TrimEnd('=')[..^1]];
    }

    /// <summary>Every line that an app in this process logs, for the apps that have no process and so no log of their own.</summary>
    internal sealed class OfLogs : ILoggerProvider, ILogger
    {
        private readonly ConcurrentQueue<string> _lines = [];

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            _lines.Enqueue($"{formatter(state, exception)} {exception}");

        public void Search() => Assert.Null(Leaks.Search("a log", string.Join('\n', _lines), new() { [TestSystem.KeyPrefix] = "A stream key", [ApiInProcess.LiveKitSecret] = "LiveKit's secret" }));

        public void Dispose() { }
    }

    /// <summary>Every answer of every test: a key in the one answer that shows it, and nothing of how we are built.</summary>
    internal sealed class OfAnswers(HttpMessageHandler inner) : DelegatingHandler(inner)
    {
        private static readonly string[] Inside = ["   at ", "Npgsql", "System.", "/src/", "StackExchange"];

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var answer = await base.SendAsync(request, cancellationToken);
            var path = request.RequestUri!.AbsolutePath;
            if (answer.Content.Headers.ContentType is not { MediaType: "application/json" or "application/problem+json" } || path.StartsWith("/twirp/", StringComparison.Ordinal)) return answer; // LiveKit gives keys away to those with its secret

            await answer.Content.LoadIntoBufferAsync(cancellationToken);
            var text = $"{answer.Headers}{await answer.Content.ReadAsStringAsync(cancellationToken)}";
            var at = $"{request.Method} {path} {(int)answer.StatusCode}";
            if (text.Contains(TestSystem.KeyPrefix, StringComparison.Ordinal))
                Assert.True(
                    request.Method == HttpMethod.Post && path.StartsWith("/api/stream/ingress", StringComparison.Ordinal) && answer is { IsSuccessStatusCode: true, Headers.CacheControl.NoStore: true },
                    $"A stream key is in the answer of {at}.");
            Assert.False(text.Contains(TestSystem.TurnPrefix, StringComparison.Ordinal), $"A TURN password is in the answer of {at}.");
            if (request.Headers.Authorization is { Parameter: { Length: > 20 } session })
                Assert.False(text.Contains(session, StringComparison.Ordinal), $"The session token comes back in the answer of {at}.");
            foreach (Match token in Token().Matches(text)) AssertNarrow(token.Value, at);
            if (!answer.IsSuccessStatusCode)
                foreach (var inside in Inside) Assert.False(text.Contains(inside, StringComparison.Ordinal), $"{inside} is in the answer of {at}: {text}");
            return answer;
        }

        /// <summary>Tokens for LiveKit are given out for joining one room, and for nothing that is ours to do.</summary>
        private static void AssertNarrow(string token, string at)
        {
            var claims = Encoding.UTF8.GetString(System.Buffers.Text.Base64Url.DecodeFromChars(token.Split('.')[1]));
            foreach (var grant in new[] { "roomAdmin", "roomCreate", "roomList", "roomRecord", "ingressAdmin" })
                Assert.False(claims.Contains($"\"{grant}\"", StringComparison.Ordinal), $"The answer of {at} gives away {grant}.");
            Assert.DoesNotContain("\"room\":\"\"", claims, StringComparison.Ordinal);
        }
    }

    /// <summary>A line of server-sent events, which tell nobody a key or a token.</summary>
    public static void AssertNoneIn(string line) => Assert.False(
        line.Contains(TestSystem.KeyPrefix, StringComparison.Ordinal) || line.Contains(TestSystem.TurnPrefix, StringComparison.Ordinal) || Token().IsMatch(line), $"An event tells a secret: {line}");

    private static async Task<IReadOnlyList<string>> TitlesIn(TestDatabase database)
    {
        try
        {
            return await database.Rows("select distinct title from channels where length(title) >= 8 and title <> 'Untitled stream'");
        }
        catch (NpgsqlException)
        {
            return [];
        }
    }

    private static string Text(IEnumerable<string> files)
    {
        var text = new StringBuilder();
        foreach (var file in files)
            text.Append(Encoding.Latin1.GetString(File.ReadAllBytes(file)));
        return text.ToString();
    }

    private static string Around(string text, int at) => text[Math.Max(0, at - 200)..Math.Min(text.Length, at + 100)];

    [GeneratedRegex(@"eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}")]
    private static partial Regex Token();
}
