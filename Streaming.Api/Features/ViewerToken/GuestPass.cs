using Streaming.Api.Http;
using Streaming.Core.Viewers;

namespace Streaming.Api.Features.ViewerToken;

/// <summary>
/// A cookie that keeps a guest the same guest across reloads, sealed so that nobody becomes another one. It says nothing else and opens nothing.
/// </summary>
internal sealed class GuestPass(Cursors seals)
{
    public const string Cookie = "streaming_guest";

    private const string What = "guest pass";

    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(365);

    /// <summary>The id of the guest who is asking; one who has none is given one.</summary>
    public string Of(HttpContext context)
    {
        if (context.Request.Cookies[Cookie] is { Length: <= Cursors.MaxLength } pass && seals.Open(What, pass) is { } known) return known;
        var id = Identity.NewGuestId();
        context.Response.Cookies.Append(Cookie, seals.Seal(What, id), new CookieOptions
        {
            HttpOnly = true,
            Secure = context.Request.IsHttps,
            SameSite = SameSiteMode.Lax,
            Path = "/api/stream",
            MaxAge = Lifetime,
        });
        return id;
    }
}
