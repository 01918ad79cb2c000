using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Streaming.Api.Http;
using Streaming.Core.Creators;

namespace Streaming.Api.Auth;

/// <summary>
/// Stands in for the auth server in local work: whoever asks gets a token for whatever user. The API checks these tokens exactly as it
/// checks an auth server's, by fetching the keys from <see cref="JwksPath"/>. Refused in Production.
/// </summary>
public sealed class DevelopmentIssuer(IOptions<DevelopmentIssuerOptions> options, IOptions<SessionTokenOptions> tokens, TimeProvider time)
{
    public const string Name = "streaming-development";
    public const string JwksPath = "/dev/jwks";

    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(12);

    private readonly Ed25519Key _key = KeyIn(options.Value.KeyFile!);

    public void Map(IEndpointRouteBuilder routes)
    {
        // No part of the contract: the document is the same wherever it is made.
        var group = routes.MapGroup("").AllowAnonymous().ExcludeFromDescription();
        group.MapGet(JwksPath, () => new JsonWebKeySetBody([new("OKP", "Ed25519", Base64UrlEncoder.Encode(_key.PublicBytes), _key.KeyId, Ed25519Key.Algorithm, "sig")])).DisableRateLimiting();
        group.MapPost("/dev/tokens", (TokenRequest request) => Give(request)).Fails();
    }

    private Results<Ok<IssuedToken>, ApiError> Give(TokenRequest request)
    {
        if (!UserTokens.IsUserId(request.UserId)) return Errors.Invalid("userId", "must have 1 to 64 letters, digits, hyphens or underscores.");
        if (request.Username is { } name && Username.Of(name) is null) return Errors.Invalid("username", Username.Rule);

        var now = time.GetUtcNow();
        var expires = now + Lifetime;
        return TypedResults.Ok(new IssuedToken(new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(new SecurityTokenDescriptor
        {
            Issuer = tokens.Value.Issuer,
            Audience = tokens.Value.Audience,
            IssuedAt = now.UtcDateTime,
            Expires = expires.UtcDateTime,
            Claims = ClaimsOf(request, now),
            SigningCredentials = new(_key, Ed25519Key.Algorithm),
        }), expires));
    }

    private static Dictionary<string, object> ClaimsOf(TokenRequest request, DateTimeOffset now)
    {
        var claims = new Dictionary<string, object> { ["sub"] = request.UserId, ["auth_time"] = now.ToUnixTimeSeconds() };
        if (request.Username is { } name) claims["username"] = name;
        return claims;
    }

    private static Ed25519Key KeyIn(string file)
    {
        if (!File.Exists(file))
        {
            // Written aside and then moved, which fails if there is one already: two processes that start at once agree on one key.
            var draft = $"{Path.GetFullPath(file)}.{Environment.ProcessId}";
            Directory.CreateDirectory(Path.GetDirectoryName(draft)!);
            var access = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows()) access.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            using (var writer = new StreamWriter(draft, access)) writer.Write(Base64UrlEncoder.Encode(Ed25519Key.Create().PrivateBytes));
            try
            {
                File.Move(draft, file);
            }
            catch (IOException) when (File.Exists(file))
            {
                File.Delete(draft);
            }
        }
        return Ed25519Key.FromPrivate(Base64UrlEncoder.DecodeBytes(File.ReadAllText(file).Trim()));
    }
}

/// <param name="UserId">Whose token it shall be: <c>dev-creator</c>, <c>dev-viewer</c> and <c>dev-admin</c> exist in seeded databases.</param>
/// <param name="Username">What the token shall call him, as an auth server with usernames does; absent for a token without one.</param>
public sealed record TokenRequest(string UserId, string? Username = null);

/// <param name="Token">For the Authorization header, after "Bearer ".</param>
/// <param name="ExpiresAt">When it stops working.</param>
public sealed record IssuedToken(string Token, DateTimeOffset ExpiresAt);

public sealed record JsonWebKeySetBody(IReadOnlyList<JsonWebKeyBody> Keys);

public sealed record JsonWebKeyBody(string Kty, string Crv, string X, string Kid, string Alg, string Use);
