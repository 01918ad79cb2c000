using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.Options;
using Streaming.Core.LiveKit;

namespace Streaming.Api.Http;

/// <summary>
/// Every request counts against its user, or against its remote address when it has none, and once more for each kind of call that its
/// endpoint is of. What is left is said in the headers of every answer, as draft-ietf-httpapi-ratelimit-headers has it.
/// </summary>
public sealed class RateLimiting(SharedAllowances allowances, IOptions<RateLimitOptions> options, IOptions<LiveKitOptions> secrets)
{
    private readonly Limit _user = new("user", options.Value.PerUser), _address = new("address", options.Value.Anonymous);
    private readonly Dictionary<string, Limit[]> _kinds = Limits.Kinds(options.Value);

    /// <summary>An address in Redis tells nobody whose it was; the key comes from the secret that every replica has anyway.</summary>
    private readonly byte[] _key = HKDF.DeriveKey(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secrets.Value.ApiSecret ?? ""), 32, info: "addresses in rate limits"u8.ToArray());

    public async Task Handle(HttpContext context, RequestDelegate next)
    {
        var metadata = context.GetEndpoint()?.Metadata;
        var refusal = metadata?.GetMetadata<DisableRateLimitingAttribute>() is null ? await RefusalOf(context, metadata?.GetOrderedMetadata<EnableRateLimitingAttribute>() ?? []) : null;
        await (refusal is null ? next(context) : refusal.ExecuteAsync(context));
    }

    private async ValueTask<ApiError?> RefusalOf(HttpContext context, IReadOnlyList<EnableRateLimitingAttribute> kinds)
    {
        var user = context.User.Identity is { IsAuthenticated: true } ? context.User.FindFirst("sub")?.Value : null;
        var who = user ?? Convert.ToHexString(HMACSHA256.HashData(_key, Encoding.ASCII.GetBytes(Limits.Network(context.Connection.RemoteIpAddress))).AsSpan(0, 16));
        var refusal = await Take(context, who, user is null ? _address : _user);
        foreach (var kind in kinds)
            foreach (var limit in _kinds[kind.PolicyName!])
                refusal ??= await Take(context, who, user is null ? limit.OfGuests ?? limit : limit);
        return refusal;
    }

    private async ValueTask<ApiError?> Take(HttpContext context, string who, Limit limit)
    {
        var use = await allowances.Take($"{limit.Name}:{who}", limit.Allowance);
        var headers = context.Response.Headers;
        headers.Append("RateLimit-Policy", limit.Policy);
        headers.Append("RateLimit", string.Create(CultureInfo.InvariantCulture, $"\"{limit.Name}\";r={use.Left};t={Math.Ceiling(use.EndsIn.TotalSeconds)}"));
        return use.IsTaken ? null : Errors.RateLimited with { RetryAfter = use.EndsIn };
    }
}

/// <summary>An allowance by the name that clients see.</summary>
public sealed record Limit(string Name, Allowance Allowance)
{
    /// <summary>For whoever is not signed in, if it is another.</summary>
    public Limit? OfGuests { get; init; }

    public string Policy { get; } = $"\"{Name}\";q={Allowance.Requests};w={Allowance.Seconds}";
}
