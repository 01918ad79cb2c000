using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.Options;

namespace Streaming.Api.Http;

/// <summary>
/// How much and how often. Every request counts against its user, or against its remote address when it has none; an endpoint adds a
/// stricter policy with <c>RequireRateLimiting(Limits.IngressChanges)</c>. Counted in this process.
/// </summary>
public static class Limits
{
    /// <summary>Makes and removes stream keys.</summary>
    public const string IngressChanges = "ingress-changes";

    /// <summary>The body of a request, unless the endpoint says otherwise with <see cref="LimitBody"/>.</summary>
    public const int BodyBytes = 16 * 1024;

    /// <summary>How many bytes of body this endpoint reads.</summary>
    public static TBuilder LimitBody<TBuilder>(this TBuilder endpoint, long bytes) where TBuilder : IEndpointConventionBuilder =>
        endpoint.WithMetadata(new BodyLimit(bytes));

    internal static void Configure(RateLimiterOptions limiter, RateLimitOptions options)
    {
        limiter.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, string>(context => UserOf(context) is { } user
            ? RateLimitPartition.GetFixedWindowLimiter("user:" + user, _ => Window(options.PerUser))
            : RateLimitPartition.GetFixedWindowLimiter("address:" + Network(context.Connection.RemoteIpAddress), _ => Window(options.Anonymous)));

        limiter.AddPolicy(IngressChanges, context => RateLimitPartition.Get(UserOf(context) ?? "", _ => RateLimiter.CreateChained(
            new FixedWindowRateLimiter(Window(options.IngressChanges)), new FixedWindowRateLimiter(Window(options.IngressChangesPerDay)))));

        limiter.OnRejected = (context, _) => new(RefusalOf(context.Lease).ExecuteAsync(context.HttpContext));
    }

    internal static ApiError RefusalOf(RateLimitLease lease) =>
        Errors.RateLimited with { RetryAfter = lease.TryGetMetadata(MetadataName.RetryAfter, out var wait) ? wait : TimeSpan.FromSeconds(10) };

    internal static FixedWindowRateLimiterOptions Window(Allowance allowance) => new()
    {
        PermitLimit = allowance.Requests,
        Window = TimeSpan.FromSeconds(allowance.Seconds),
        QueueLimit = 0,
    };

    /// <summary>One customer, as far as an address tells: an IPv6 customer has at least a /64 to himself.</summary>
    internal static string Network(IPAddress? address)
    {
        if (address is null) return "unknown";
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        return address.AddressFamily == AddressFamily.InterNetworkV6 ? Convert.ToHexString(address.GetAddressBytes().AsSpan(0, 8)) : address.ToString();
    }

    private static string? UserOf(HttpContext context) => context.User.Identity is { IsAuthenticated: true } ? context.User.FindFirst("sub")?.Value : null;

    private sealed record BodyLimit(long Bytes) : IRequestSizeLimitMetadata
    {
        public long? MaxRequestBodySize => Bytes;
    }
}
