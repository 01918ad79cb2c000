using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;
using Streaming.Api.Http;
using Streaming.Core.LiveKit;
using Streaming.Core.Viewers;

namespace Streaming.Api.Features;

/// <summary>
/// A cookie that keeps a guest the same guest across reloads, sealed so that nobody becomes another one. It opens nothing, and says beside his id
/// what his address was, as a keyed hash: so that it is written down when it changes and not with each token.
/// </summary>
internal sealed class GuestPass(Cursors seals, GuestAddresses addresses, IOptions<LiveKitOptions> secrets)
{
    public const string Cookie = "streaming_guest";

    private const string What = "guest pass";

    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(365);

    /// <summary>Nobody learns an address from its hash; the key comes from the secret that every replica has anyway.</summary>
    private readonly byte[] _key = HKDF.DeriveKey(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secrets.Value.ApiSecret ?? ""), 32, info: "addresses of guests"u8.ToArray());

    /// <summary>The guest who is asking, as far as he is known. He is given no pass.</summary>
    public Visitor Read(HttpContext context) => new(null, PassOf(context)?.Id, AddressOf(context));

    /// <summary>The same, and from now on he is known.</summary>
    public async Task<Visitor> Issue(HttpContext context)
    {
        var (pass, address) = (PassOf(context), AddressOf(context));
        var guest = new Visitor(null, pass?.Id ?? Identity.NewGuestId(), address);
        if (pass is not null && pass.Value.Address == address) return guest;
        if (address is not null) await addresses.Note(guest, context.RequestAborted);
        context.Response.Cookies.Append(Cookie, seals.Seal(What, $"{guest.GuestId} {address}"), new CookieOptions
        {
            HttpOnly = true,
            Secure = context.Request.IsHttps,
            SameSite = SameSiteMode.Lax,
            Path = "/api/stream",
            MaxAge = Lifetime,
        });
        return guest;
    }

    private (string Id, string? Address)? PassOf(HttpContext context)
    {
        if (context.Request.Cookies[Cookie] is not { Length: <= Cursors.MaxLength } pass || seals.Open(What, pass) is not { } known) return null;
        return known.Split(' ') is [var id, { Length: > 0 } address] ? (id, address) : (known.TrimEnd(), null);
    }

    private string? AddressOf(HttpContext context) =>
        context.Connection.RemoteIpAddress is { } from ? Convert.ToHexStringLower(HMACSHA256.HashData(_key, Encoding.ASCII.GetBytes(Limits.Network(from))).AsSpan(0, 16)) : null;
}
