using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.Extensions.Options;
using Streaming.Api.Http;
using Streaming.Core.Creators;

namespace Streaming.Api.Auth;

/// <summary>
/// Signs in with the auth server's opaque tokens, where <see cref="SessionTokenOptions.SessionUrl"/> is set: in the Authorization header, and
/// in the cookies that <see cref="SessionTokenOptions.Cookies"/> names. A browser sends a cookie whoever makes it, so a cookie counts only in
/// requests of our own frontends.
/// </summary>
public sealed partial class OpaqueSignIn(OpaqueTokens tokens, IOptions<SessionTokenOptions> options, IOptions<HttpOptions> http)
{
    /// <returns>Whether what came is a matter of this class; then the context has its result.</returns>
    public async Task<bool> TryReceive(MessageReceivedContext context)
    {
        if (options.Value.SessionUrl is null || CredentialIn(context.Request) is not { } credential) return false;

        var owner = await tokens.OwnerOf(credential, context.HttpContext.Connection.RemoteIpAddress, context.HttpContext.RequestAborted);
        if (owner.Verdict == TokenVerdict.Known)
        {
            if (Username.Of(owner.Username) is { } name) context.HttpContext.Features.Set(new UsernameInToken(name));
            context.Principal = UserTokens.PrincipalOf(owner.UserId!, owner.SignedInAt?.ToUnixTimeSeconds());
            context.Success();
        }
        else
            context.Fail(owner.Verdict switch
            {
                TokenVerdict.Unavailable => new UserTokens.CannotBeChecked(Errors.AuthUnavailable),
                TokenVerdict.NotAsked => new UserTokens.CannotBeChecked(Errors.RateLimited with { RetryAfter = TimeSpan.FromSeconds(60) }),
                _ => new InvalidOperationException("Not a session token."),
            });
        return true;
    }

    private AuthenticationCredential? CredentialIn(HttpRequest request)
    {
        if (request.Headers.Authorization is [{ } header])
            return header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) && header["Bearer ".Length..].Trim() is var token && Opaque().IsMatch(token) ? new("Authorization", $"Bearer {token}") : null;
        if (request.Headers.Authorization.Count > 0 || !IsOurFrontends(request)) return null;

        foreach (var name in options.Value.Cookies)
            if (request.Cookies[name] is { } value && Opaque().IsMatch(value)) return new("Cookie", $"{name}={Uri.EscapeDataString(value)}");
        return null;
    }

    /// <summary>Both headers are the browser's own: no page can set them. Without either, only reading is harmless: a foreign page cannot see the answer.</summary>
    private bool IsOurFrontends(HttpRequest request)
    {
        if (request.Headers["Sec-Fetch-Site"] is ["same-origin"]) return true;
        return request.Headers.Origin is [{ } origin] ? http.Value.CorsOrigins.Contains(origin, StringComparer.Ordinal)
            : request.Headers.Origin.Count == 0 && (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method));
    }

    // The token, and if it is the signed form a dot and the signature in base64, which some versions encode as for an address.
    [GeneratedRegex(@"\A[A-Za-z0-9_-]{16,128}(\.[A-Za-z0-9+/=%_-]{20,200})?\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Opaque();
}
