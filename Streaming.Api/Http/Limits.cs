using System.Net;
using System.Net.Sockets;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Http.Metadata;

namespace Streaming.Api.Http;

/// <summary>
/// How much and how often. Every request counts against its user, or against its remote address when it has none; an endpoint says of what
/// kind its calls are with <c>RequireRateLimiting(Limits.IngressChanges)</c>. <see cref="RateLimiting"/> counts.
/// </summary>
public static class Limits
{
    /// <summary>Makes and removes stream keys.</summary>
    public const string IngressChanges = "ingress-changes";

    /// <summary>Gives tokens that let into a room.</summary>
    public const string Tokens = "tokens";

    /// <summary>Looks through what there is.</summary>
    public const string Searches = "searches";

    /// <summary>Says something in a chat.</summary>
    public const string ChatMessages = "chat-messages";

    /// <summary>The body of a request, unless the endpoint says otherwise with <see cref="LimitBody"/>.</summary>
    public const int BodyBytes = 16 * 1024;

    /// <summary>How many bytes of body this endpoint reads.</summary>
    public static TBuilder LimitBody<TBuilder>(this TBuilder endpoint, long bytes) where TBuilder : IEndpointConventionBuilder =>
        endpoint.WithMetadata(new BodyLimit(bytes));

    /// <summary>What each kind of call is counted against, beside its caller's requests of all kinds.</summary>
    public static Dictionary<string, Limit[]> Kinds(RateLimitOptions options) => new()
    {
        [IngressChanges] = [new("keys", options.IngressChanges), new("keys-per-day", options.IngressChangesPerDay)],
        [Tokens] = [new("tokens", options.Tokens) { OfGuests = new("guest-tokens", options.GuestTokens) }],
        [Searches] = [new("searches", options.Searches)],
        [ChatMessages] = [new("chat", options.ChatMessages)],
    };

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

    private sealed record BodyLimit(long Bytes) : IRequestSizeLimitMetadata
    {
        public long? MaxRequestBodySize => Bytes;
    }
}
