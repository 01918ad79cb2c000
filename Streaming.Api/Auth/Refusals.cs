using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;
using Streaming.Api.Http;

namespace Streaming.Api.Auth;

/// <summary>How a caller is turned away. Why a token was not accepted is never said.</summary>
public sealed class Refusals : IAuthorizationMiddlewareResultHandler
{
    public Task HandleAsync(RequestDelegate next, HttpContext context, AuthorizationPolicy policy, PolicyAuthorizationResult authorizeResult)
    {
        if (authorizeResult.Succeeded) return next(context);

        if (authorizeResult.Forbidden)
            return (authorizeResult.AuthorizationFailure?.FailureReasons.OfType<Reason>().FirstOrDefault()?.Error ?? Errors.Forbidden).ExecuteAsync(context);

        if (context.Features.Get<IAuthenticateResultFeature>()?.AuthenticateResult?.Failure is UserTokens.KeysUnavailable)
            return Errors.AuthUnavailable.ExecuteAsync(context);

        context.Response.Headers.WWWAuthenticate = "Bearer";
        return Errors.Unauthorized.ExecuteAsync(context);
    }

    /// <summary>Why a requirement is not met, for the caller to read.</summary>
    public sealed class Reason(IAuthorizationHandler handler, ApiError error) : AuthorizationFailureReason(handler, error.Sentence)
    {
        public ApiError Error => error;
    }
}
