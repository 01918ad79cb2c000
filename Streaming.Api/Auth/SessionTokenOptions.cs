using System.ComponentModel.DataAnnotations;

namespace Streaming.Api.Auth;

/// <summary>Whose session tokens are accepted.</summary>
public sealed class SessionTokenOptions : IValidatableObject
{
    public const string Section = "SessionTokens";

    /// <summary>All the algorithms there are code for. The allow-list is part of them, whatever a token or a key says.</summary>
    public static readonly string[] Supported = [Ed25519Key.Algorithm, "ES256", "RS256"];

    /// <summary>Where the auth server publishes its keys. Better Auth: <c>https://auth.example.com/api/auth/jwks</c>.</summary>
    public Uri? JwksUrl { get; set; }

    /// <summary>Where the auth server says whose an opaque session token is. Better Auth: <c>https://auth.example.com/api/auth/get-session</c>. Unset: such tokens are not accepted.</summary>
    public Uri? SessionUrl { get; set; }

    /// <summary>How many opaque tokens a process asks for in a second. Each is asked for twice a minute at most, so thirty times as many users can be active.</summary>
    public int SessionCallsPerSecond { get; set; } = 200;

    /// <summary>
    /// The cookies that may hold an opaque session token; none unless named. Better Auth: <c>__Secure-better-auth.session_token</c>, over http
    /// <c>better-auth.session_token</c>.
    /// </summary>
    public string[] Cookies { get; set; } = [];

    /// <summary>The tokens' <c>iss</c>, exactly.</summary>
    public string? Issuer { get; set; }

    /// <summary>The tokens' <c>aud</c>, exactly.</summary>
    public string? Audience { get; set; }

    /// <summary>The signature algorithms accepted; all supported ones if none is named.</summary>
    public string[] Algorithms { get; set; } = [];

    /// <summary>None where no JWTs are: without an issuer there is nobody whose they could be.</summary>
    public IReadOnlyList<string> Accepted => Issuer is null ? [] : Algorithms is [] ? Supported : Algorithms;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if ((string.IsNullOrWhiteSpace(Issuer) || string.IsNullOrWhiteSpace(Audience)) && (JwksUrl is not null || SessionUrl is null))
            yield return new("SessionTokens:JwksUrl, SessionTokens:Issuer and SessionTokens:Audience must say whose session tokens to accept.");
        if (JwksUrl is not null && !IsSafe(JwksUrl))
            yield return new("SessionTokens:JwksUrl must be an https address, or http on this machine.");
        if (SessionUrl is not null && !IsSafe(SessionUrl))
            yield return new("SessionTokens:SessionUrl must be an https address, or http on this machine.");
        if (Cookies.Length > 0 && SessionUrl is null)
            yield return new("SessionTokens:Cookies are read only where SessionTokens:SessionUrl is set.");
        if (SessionCallsPerSecond < 1)
            yield return new("SessionTokens:SessionCallsPerSecond must be at least 1.");
        if (Algorithms.Except(Supported).Any())
            yield return new($"SessionTokens:Algorithms may hold {string.Join(", ", Supported)} only.");
    }

    private static bool IsSafe(Uri url) => url.IsAbsoluteUri && (url.Scheme == Uri.UriSchemeHttps || (url.Scheme == Uri.UriSchemeHttp && url.IsLoopback));
}
