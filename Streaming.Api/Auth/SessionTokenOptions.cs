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

    /// <summary>The tokens' <c>iss</c>, exactly.</summary>
    public string? Issuer { get; set; }

    /// <summary>The tokens' <c>aud</c>, exactly.</summary>
    public string? Audience { get; set; }

    /// <summary>The signature algorithms accepted; all supported ones if none is named.</summary>
    public string[] Algorithms { get; set; } = [];

    public IReadOnlyList<string> Accepted => Algorithms is [] ? Supported : Algorithms;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (string.IsNullOrWhiteSpace(Issuer) || string.IsNullOrWhiteSpace(Audience))
            yield return new("SessionTokens:JwksUrl, SessionTokens:Issuer and SessionTokens:Audience must say whose session tokens to accept.");
        if (JwksUrl is not null && !(JwksUrl.IsAbsoluteUri && (JwksUrl.Scheme == Uri.UriSchemeHttps || (JwksUrl.Scheme == Uri.UriSchemeHttp && JwksUrl.IsLoopback))))
            yield return new("SessionTokens:JwksUrl must be an https address, or http on this machine.");
        if (Algorithms.Except(Supported).Any())
            yield return new($"SessionTokens:Algorithms may hold {string.Join(", ", Supported)} only.");
    }
}
