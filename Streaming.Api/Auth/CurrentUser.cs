using System.Globalization;
using System.Security.Claims;

namespace Streaming.Api.Auth;

/// <summary>
/// The signed-in caller: a parameter of a handler. Where signing in is optional the parameter is <c>CurrentUser?</c>.
/// </summary>
/// <param name="Id">The <c>sub</c> of his session token.</param>
public sealed record CurrentUser(string Id)
{
    /// <summary>When he proved to the auth server who he is; null when his token does not say. Not when the token was issued.</summary>
    public DateTimeOffset? SignedInAt { get; init; }

    public static CurrentUser? Of(ClaimsPrincipal principal) => principal.FindFirst("sub") is { Value: var id } ? new(id) { SignedInAt = TimeIn(principal.FindFirst("auth_time")) } : null;

    public static ValueTask<CurrentUser?> BindAsync(HttpContext context) => new(Of(context.User));

    private static DateTimeOffset? TimeIn(Claim? claim) =>
        long.TryParse(claim?.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds <= DateTimeOffset.MaxValue.ToUnixTimeSeconds() ? DateTimeOffset.FromUnixTimeSeconds(seconds) : null;
}
