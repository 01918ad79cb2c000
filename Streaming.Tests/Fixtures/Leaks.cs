using System.Text;
using System.Text.RegularExpressions;
using Npgsql;

namespace Streaming.Tests.Fixtures;

/// <summary>
/// Looks, in every system of the whole test run, for secrets and titles where none may be: in each answer when it comes, and before a
/// system is thrown away in the logs of its processes, in what Redis wrote to disk and in every row of its database.
/// </summary>
internal static partial class Leaks
{
    private static int _sweeps;

    /// <summary>How many systems were searched so far.</summary>
    public static int Sweeps => _sweeps;

    public static async Task Sweep(TestSystem system)
    {
        var places = new Dictionary<string, string> { ["the API's log"] = system.Api.Log, ["the worker's log"] = system.Worker?.Log ?? "", ["Redis' files"] = Files(system.Redis.Folder) };
        var (titles, tables) = await Database(system.Database);
        places["Postgres"] = tables;

        var secrets = new List<(string What, string Value)>
        {
            ("a stream key", TestSystem.KeyPrefix), ("a TURN password", TestSystem.TurnPrefix), ("LiveKit's secret", system.LiveKitHost.Options.ApiSecret.Reveal()),
            ("Postgres' password", new NpgsqlConnectionStringBuilder(system.Database.ConnectionString).Password!), ("Redis' password", system.Redis.ConnectionString.Split("password=")[1]),
        };
        foreach (var (place, text) in places)
        {
            foreach (var (what, value) in secrets)
                foreach (var form in new[] { value, Convert.ToHexStringLower(Encoding.UTF8.GetBytes(value)), Convert.ToBase64String(Encoding.UTF8.GetBytes(value)).TrimEnd('=')[..^1] })
                    Assert.False(text.Contains(form, StringComparison.Ordinal), $"{what} is in {place}: {Around(text, form)}");
            Assert.False(Token().IsMatch(text), $"A token is in {place}: {Around(text, Token().Match(text).Value)}");
            if (place != "Postgres")
                foreach (var title in titles) Assert.False(text.Contains(title, StringComparison.Ordinal), $"A title is in {place}: {Around(text, title)}");
        }
        Interlocked.Increment(ref _sweeps);
    }

    /// <summary>Every answer of every test: a key in the one answer that shows it, and nothing of how we are built.</summary>
    internal sealed class OfAnswers : DelegatingHandler
    {
        private static readonly string[] Inside = ["   at ", "Npgsql", "System.", "/src/", "StackExchange"];

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var answer = await base.SendAsync(request, cancellationToken);
            var path = request.RequestUri!.AbsolutePath;
            if (answer.Content.Headers.ContentType is not { MediaType: "application/json" or "application/problem+json" } || !path.StartsWith("/api/", StringComparison.Ordinal)) return answer;

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

    private static async Task<(IReadOnlyList<string> Titles, string Tables)> Database(TestDatabase database)
    {
        try
        {
            var text = new StringBuilder();
            foreach (var table in await database.Rows("select quote_ident(tablename) from pg_tables where schemaname = 'public'"))
                text.AppendLine(table).AppendJoin('\n', await database.Rows($"select t::text from {table} t")).AppendLine();
            return (await database.Rows("select distinct title from channels where length(title) >= 8 and title <> 'Untitled stream'"), text.ToString());
        }
        catch (NpgsqlException)
        {
            return ([], ""); // the test has broken its server and not mended it
        }
    }

    private static string Files(string folder)
    {
        var text = new StringBuilder();
        foreach (var file in Directory.Exists(folder) ? Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Where(f => !f.EndsWith(".conf", StringComparison.Ordinal)) : [])
            text.Append(Encoding.Latin1.GetString(File.ReadAllBytes(file)));
        return text.ToString();
    }

    private static string Around(string text, string found)
    {
        var at = text.IndexOf(found, StringComparison.Ordinal);
        return text[Math.Max(0, at - 200)..Math.Min(text.Length, at + 100)];
    }

    [GeneratedRegex(@"eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}")]
    private static partial Regex Token();
}
