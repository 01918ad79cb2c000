using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Microsoft.IdentityModel.Tokens;

namespace Streaming.Api.Auth;

/// <summary>
/// Session tokens that were found good, by their hash: checking an Ed25519 signature takes longer than all the rest of a request, and its result
/// never changes. What may change is looked at each time: whether the token has expired, and whether the auth server still has the key that signed it.
/// </summary>
public sealed class VerifiedTokens(SessionKeys keys, TimeProvider time)
{
    /// <summary>Some 50 MB at most.</summary>
    private const int Most = 100_000;

    private readonly ConcurrentDictionary<string, VerifiedToken> _good = [];

    /// <returns>Null when it has to be checked, or checked again.</returns>
    public async ValueTask<VerifiedToken?> Find(string token, CancellationToken ct)
    {
        if (!_good.TryGetValue(HashOf(token), out var known)) return null;
        return await keys.Look(known.Key.KeyId, known.Algorithm, ct) && keys.Get(known.Key.KeyId, known.Algorithm) == known.Key
            && UserTokens.IsCurrent(time.GetUtcNow().UtcDateTime, known.NotBefore, known.Expires) ? known : null;
    }

    /// <summary>Whatever could be wrong with it has been looked at.</summary>
    public void Add(string token, VerifiedToken good)
    {
        if (_good.Count >= Most) Shrink();
        _good[HashOf(token)] = good;
    }

    private void Shrink()
    {
        var now = time.GetUtcNow().UtcDateTime;
        foreach (var (hash, token) in _good)
            if (!UserTokens.IsCurrent(now, token.NotBefore, token.Expires)) _good.TryRemove(hash, out _);
        if (_good.Count >= Most * 9 / 10) _good.Clear(); // or the next ones would look through all of them again
    }

    private static string HashOf(string token) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(token)));
}

/// <summary>What a good token says.</summary>
/// <param name="Key">What it is signed with.</param>
/// <param name="SignedIn">When its user proved who he is, in Unix seconds.</param>
/// <param name="Username">In the form in which it is kept.</param>
public sealed record VerifiedToken(SecurityKey Key, string Algorithm, DateTime? NotBefore, DateTime Expires, string UserId, long? SignedIn, string? Username);
