using Microsoft.AspNetCore.Authentication;
using Streaming.Api.Http;

namespace Streaming.Api.Auth;

/// <summary>For what those may read too who are not signed in.</summary>
public static class OptionalSignIn
{
    /// <summary>Whoever sends a session token is who it says or is turned away: one that has expired must not make a guest of a user without a word.</summary>
    public static RouteHandlerBuilder WithOptionalSignIn(this RouteHandlerBuilder endpoint) =>
        endpoint.AllowAnonymous().AddEndpointFilter(async (context, next) => await Refusal(context.HttpContext) ?? await next(context));

    private static async ValueTask<object?> Refusal(HttpContext context)
    {
        if (context.Request.Headers.Authorization.Count == 0 || context.User.Identity is { IsAuthenticated: true }) return null;
        if ((await context.AuthenticateAsync()).Failure is UserTokens.CannotBeChecked { Error: var error }) return error;

        context.Response.Headers.WWWAuthenticate = "Bearer";
        return Errors.Unauthorized;
    }
}
