using System.Security.Claims;

namespace Streaming.Api.Auth;

/// <summary>
/// The signed-in caller: a parameter of a handler. Where signing in is optional the parameter is <c>CurrentUser?</c>.
/// </summary>
/// <param name="Id">The <c>sub</c> of his session token.</param>
public sealed record CurrentUser(string Id)
{
    public static CurrentUser? Of(ClaimsPrincipal principal) => principal.FindFirst("sub") is { Value: var id } ? new(id) : null;

    public static ValueTask<CurrentUser?> BindAsync(HttpContext context) => new(Of(context.User));
}
