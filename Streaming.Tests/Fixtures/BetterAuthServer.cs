using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;
using Streaming.AppHost.Local;

namespace Streaming.Tests.Fixtures;

/// <summary>A stock Better Auth from npm on loopback: what most frontends sign in with.</summary>
public sealed class BetterAuthServer : IAsyncDisposable
{
    private static readonly string Source = Path.Combine(Clone.Root, "Streaming.Tests", "Security", "BetterAuth");

    private static readonly string[] Files = ["package.json", "package-lock.json", "server.mjs"];

    private static readonly Lazy<Task<string>> Installed = new(Install);

    private readonly ProcessUnderTest _process;
    private readonly HttpClient _http;

    private BetterAuthServer(ProcessUnderTest process, Uri address) => (_process, _http) = (process, new HttpClient(new SocketsHttpHandler { UseCookies = false }) { BaseAddress = address });

    /// <summary>The settings of an API that accepts all that it gives.</summary>
    public Dictionary<string, string?> Settings => new()
    {
        ["SessionTokens:JwksUrl"] = $"{_http.BaseAddress}api/auth/jwks",
        ["SessionTokens:SessionUrl"] = $"{_http.BaseAddress}api/auth/get-session",
        ["SessionTokens:Issuer"] = $"{_http.BaseAddress}".TrimEnd('/'),
        ["SessionTokens:Audience"] = $"{_http.BaseAddress}".TrimEnd('/'),
        ["SessionTokens:Cookies:0"] = "better-auth.session_token",
    };

    /// <param name="algorithm">What its JWTs are signed with.</param>
    public static async Task<BetterAuthServer> Start(string algorithm)
    {
        var folder = await Installed.Value;
        var port = TestPorts.Next();
        var process = await ProcessUnderTest.StartAsync("better-auth", new StartCommand("node", "server.mjs", $"{port}", algorithm) { WorkingDirectory = folder }, $"http://127.0.0.1:{port}/api/auth/ok");
        return new(process, new Uri($"http://127.0.0.1:{port}/"));
    }

    /// <summary>What a frontend has after somebody signed up: his id, the opaque token bare and signed, and the cookie.</summary>
    public async Task<SignedIn> SignUp(string name)
    {
        using var answer = await _http.PostAsJsonAsync("/api/auth/sign-up/email", new { name, email = $"{name}@example.com", password = "a-long-password", role = "admin" });
        var body = await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>();
        return new(
            body.GetProperty("user").GetProperty("id").GetString()!, body.GetProperty("token").GetString()!,
            answer.Headers.GetValues("set-auth-token").Single(), answer.Headers.GetValues("set-cookie").Single(c => c.StartsWith("better-auth.session_token=", StringComparison.Ordinal)).Split(';')[0]);
    }

    public async Task<string> JwtOf(SignedIn user)
    {
        using var answer = await As(user, HttpMethod.Get, "/api/auth/token");
        return (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("token").GetString()!;
    }

    public async Task SignOut(SignedIn user) => (await As(user, HttpMethod.Post, "/api/auth/sign-out")).Dispose();

    /// <summary>Forgets its keys: the next JWT is signed with a new one.</summary>
    public async Task Rotate() => (await _http.GetAsync(new Uri("/rotate", UriKind.Relative))).EnsureSuccessStatusCode().Dispose();

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _process.DisposeAsync();
    }

    private async Task<HttpResponseMessage> As(SignedIn user, HttpMethod method, string path)
    {
        using var request = new HttpRequestMessage(method, path) { Headers = { Authorization = new AuthenticationHeaderValue("Bearer", user.Token) } };
        if (method == HttpMethod.Post) request.Content = JsonContent.Create(new { });
        return (await _http.SendAsync(request)).EnsureSuccessStatusCode();
    }

    /// <summary>Once for each lock file: the folder stays for the next run.</summary>
    private static async Task<string> Install()
    {
        var lockFile = await File.ReadAllBytesAsync(Path.Combine(Source, "package-lock.json"));
        var folder = Path.Combine(Clone.Root, "artifacts", $"better-auth-{Convert.ToHexStringLower(SHA256.HashData(lockFile).AsSpan(0, 6))}");
        Directory.CreateDirectory(folder);
        foreach (var file in Files) File.Copy(Path.Combine(Source, file), Path.Combine(folder, file), overwrite: true);
        if (File.Exists(Path.Combine(folder, "installed"))) return folder;

        await using var npm = await ProcessUnderTest.StartAsync("npm", new StartCommand("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--omit=dev", "--omit=optional", "--omit=peer") { WorkingDirectory = folder });
        var exit = await npm.Exited.WaitAsync(TimeSpan.FromMinutes(3));
        if (exit != 0) throw new InvalidOperationException($"npm ci failed ({exit}): {npm.Log}");
        await File.WriteAllTextAsync(Path.Combine(folder, "installed"), "");
        return folder;
    }
}

/// <param name="Token">The opaque token as it is in the auth server's database.</param>
/// <param name="SignedToken">With its signature.</param>
/// <param name="Cookie">Name and value, as the browser sends it.</param>
public sealed record SignedIn(string UserId, string Token, string SignedToken, string Cookie);

/// <summary>A theory that needs node and npm; skipped where there are none.</summary>
public sealed class NodeTheoryAttribute : TheoryAttribute
{
    private static readonly string[] Tools = ["node", "npm"];

    public NodeTheoryAttribute()
    {
        var path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        if (!Tools.All(tool => path.Any(folder => File.Exists(Path.Combine(folder, tool))))) Skip = "node and npm are not installed: a real Better Auth cannot be started.";
    }
}
