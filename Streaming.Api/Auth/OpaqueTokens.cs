using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Threading.RateLimiting;
using Microsoft.Extensions.Options;
using Streaming.Api.Http;

namespace Streaming.Api.Auth;

/// <summary>
/// Session tokens that only the auth server can read: it is asked whose they are, and what it said is believed for half a minute. A crowd with
/// one token is one question, there is a bound on questions in all, and who has sent too many tokens of nobody is not asked for any more: so
/// neither a crowd nor a guesser can flood the auth server.
/// </summary>
public sealed partial class OpaqueTokens(IHttpClientFactory http, IOptions<SessionTokenOptions> options, IOptions<RateLimitOptions> limits, TimeProvider time, ILogger<OpaqueTokens> log) : IDisposable
{
    public const string HttpClientName = "get-session";
    public const int MaxBytes = 64 * 1024;
    public static readonly TimeSpan AskTimeout = TimeSpan.FromSeconds(5);

    /// <summary>A token whose session was ended works for so long.</summary>
    public static readonly TimeSpan KeptFor = TimeSpan.FromSeconds(30);

    private const int AtOnce = 32;

    /// <summary>After the auth server could not be reached: nobody waits for it meanwhile.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Question> _asked = [];
    private readonly SemaphoreSlim _free = new(AtOnce);
    private readonly PartitionedRateLimiter<IPAddress?> _tokensOfNobody = PartitionedRateLimiter.Create<IPAddress?, string>(address =>
        RateLimitPartition.GetFixedWindowLimiter(Limits.Network(address), _ => Limits.Window(limits.Value.UnknownTokens)));

    private DateTimeOffset _second, _sweptAt, _awayUntil;
    private int _inThisSecond;

    /// <param name="credential">What the auth server is shown: as it came, so that no two spellings are one.</param>
    /// <param name="address">Who showed it.</param>
    public async Task<TokenOwner> OwnerOf(AuthenticationCredential credential, IPAddress? address, CancellationToken ct)
    {
        var key = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes($"{credential.Header}: {credential.Value}")));
        var (answer, isFirst) = Find(key, credential, address);
        var owner = answer is null ? TokenOwner.NotAsked : await answer.WaitAsync(ct);
        if (isFirst && owner == TokenOwner.Nobody) _tokensOfNobody.AttemptAcquire(address).Dispose();
        return owner;
    }

    public void Dispose()
    {
        _free.Dispose();
        _tokensOfNobody.Dispose();
    }

    /// <returns>The question that is or was asked, and whether this caller is why; nothing when it may not be asked now.</returns>
    private (Task<TokenOwner>? Answer, bool IsFirst) Find(string key, AuthenticationCredential credential, IPAddress? address)
    {
        lock (_lock)
        {
            var now = time.GetUtcNow();
            if (_asked.TryGetValue(key, out var known) && now < known.Until && !known.HasFailed) return (known.Answer, false);
            if (now < _awayUntil) return (Task.FromResult(TokenOwner.Unavailable), false);
            using var lease = _tokensOfNobody.AttemptAcquire(address, permitCount: 0);
            if (!lease.IsAcquired) return (null, false);
            if (!TakeOne(now)) return (Task.FromResult(TokenOwner.Unavailable), false);

            if (now - _sweptAt >= KeptFor)
            {
                foreach (var (old, _) in _asked.Where(q => q.Value.Until <= now || q.Value.HasFailed).ToList()) _asked.Remove(old);
                _sweptAt = now;
            }
            var answer = Task.Run(() => Ask(credential), CancellationToken.None); // for everyone who waits: no one's cancellation ends it
            _asked[key] = new(answer, now + KeptFor); // from the question on: the answer may be as old as that
            return (answer, true);
        }
    }

    /// <summary>What is kept is bounded by this too: no more than so many questions in as many seconds as one is kept.</summary>
    private bool TakeOne(DateTimeOffset now)
    {
        if (now - _second >= TimeSpan.FromSeconds(1)) (_second, _inThisSecond) = (now, 0);
        return ++_inThisSecond <= options.Value.SessionCallsPerSecond;
    }

    private async Task<TokenOwner> Ask(AuthenticationCredential credential)
    {
        if (!await _free.WaitAsync(AskTimeout)) return TokenOwner.Unavailable;
        try
        {
            using var client = http.CreateClient(HttpClientName);
            using var request = new HttpRequestMessage(HttpMethod.Get, options.Value.SessionUrl);
            request.Headers.TryAddWithoutValidation(credential.Header, credential.Value);
            request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
            using var response = await client.SendAsync(request);
            if (response.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden) return TokenOwner.Nobody;
            if (response.StatusCode == HttpStatusCode.OK) return Read(await response.Content.ReadAsByteArrayAsync(), time.GetUtcNow());

            Log.Refused(log, (int)response.StatusCode); // about this token, for all we know: others are still asked for
            return TokenOwner.Unavailable;
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or JsonException)
        {
            if (e is not JsonException) Away();
            Log.Failed(log, e.GetType().Name);
            return TokenOwner.Unavailable;
        }
        finally
        {
            _free.Release();
        }
    }

    private void Away()
    {
        lock (_lock) _awayUntil = time.GetUtcNow() + Pause;
    }

    /// <summary>Better Auth answers 200 and <c>null</c> where there is no session.</summary>
    private static TokenOwner Read(byte[] answer, DateTimeOffset now)
    {
        using var json = JsonDocument.Parse(answer, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 32 });
        return json.RootElement.ValueKind == JsonValueKind.Null ? TokenOwner.Nobody
            : json.RootElement.ValueKind == JsonValueKind.Object
                && Text(json.RootElement, "user", "id") is { } user && UserTokens.IsUserId(user)
                && Text(json.RootElement, "session", "userId") == user
                && Time(json.RootElement, "expiresAt") > now
                ? new(TokenVerdict.Known, user, Time(json.RootElement, "createdAt"), Text(json.RootElement, "user", "username"))
            : TokenOwner.Nobody;
    }

    private static string? Text(JsonElement answer, string part, string name) =>
        answer.TryGetProperty(part, out var o) && o.ValueKind == JsonValueKind.Object && o.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static DateTimeOffset? Time(JsonElement answer, string name) =>
        answer.GetProperty("session").TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String && value.TryGetDateTimeOffset(out var at) ? at : null;

    private sealed record Question(Task<TokenOwner> Answer, DateTimeOffset Until)
    {
        /// <summary>Then the next who comes asks again.</summary>
        public bool HasFailed => Answer.IsCompleted && (!Answer.IsCompletedSuccessfully || Answer.GetAwaiter().GetResult() == TokenOwner.Unavailable);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "The auth server answers {Status} when asked for a session")]
        public static partial void Refused(ILogger logger, int status);

        [LoggerMessage(Level = LogLevel.Warning, Message = "The auth server cannot be asked for sessions ({Reason}); what it said lately still counts")]
        public static partial void Failed(ILogger logger, string reason);
    }
}

/// <summary>A header with a session token in it. Prints without the token.</summary>
public sealed record AuthenticationCredential(string Header, string Value)
{
    public override string ToString() => Header;
}

/// <param name="UserId">Null unless known.</param>
/// <param name="SignedInAt">When he proved to the auth server who he is.</param>
/// <param name="Username">What the auth server calls him, if it does.</param>
public sealed record TokenOwner(TokenVerdict Verdict, string? UserId = null, DateTimeOffset? SignedInAt = null, string? Username = null)
{
    public static readonly TokenOwner Nobody = new(TokenVerdict.Nobody), Unavailable = new(TokenVerdict.Unavailable), NotAsked = new(TokenVerdict.NotAsked);
}

public enum TokenVerdict
{
    Known,

    /// <summary>There is no such session, or it has ended.</summary>
    Nobody,

    /// <summary>The auth server cannot say now. The token may well be valid.</summary>
    Unavailable,

    /// <summary>Too many tokens of nobody came from there.</summary>
    NotAsked,
}
