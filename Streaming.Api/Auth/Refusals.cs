using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;
using Streaming.Api.Http;

namespace Streaming.Api.Auth;

/// <summary>How a caller is turned away. Why a token was not accepted is never said.</summary>
public sealed class Refusals : IAuthorizationMiddlewareResultHandler
{
    public async Task HandleAsync(RequestDelegate next, HttpContext context, AuthorizationPolicy policy, PolicyAuthorizationResult authorizeResult)
    {
        if (authorizeResult.Succeeded) await next(context);
        else await (await ErrorOf(authorizeResult, context)).ExecuteAsync(context);
    }

    private static async Task<ApiError> ErrorOf(PolicyAuthorizationResult result, HttpContext context)
    {
        if (result.Forbidden) return result.AuthorizationFailure?.FailureReasons.OfType<Reason>().FirstOrDefault()?.Error ?? Errors.Forbidden;
        if ((await context.AuthenticateAsync()).Failure is UserTokens.CannotBeChecked { Error: var error }) return error;

        context.Response.Headers.WWWAuthenticate = "Bearer";
        return Errors.Unauthorized;
    }

    /// <summary>Why a requirement is not met, for the caller to read.</summary>
    public sealed class Reason(IAuthorizationHandler handler, ApiError error) : AuthorizationFailureReason(handler, error.Sentence)
    {
        public ApiError Error => error;
    }
}
