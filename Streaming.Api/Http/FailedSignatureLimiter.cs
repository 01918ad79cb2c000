using System.Net;
using System.Threading.RateLimiting;
using Microsoft.Extensions.Options;

namespace Streaming.Api.Http;

/// <summary>
/// Counts refused webhook deliveries per remote address. Only those: LiveKit must never wait behind someone who floods its endpoint.
/// </summary>
public sealed class FailedSignatureLimiter(IOptions<RateLimitOptions> options) : IDisposable
{
    private readonly PartitionedRateLimiter<IPAddress?> _failures = PartitionedRateLimiter.Create<IPAddress?, string>(address =>
        RateLimitPartition.GetFixedWindowLimiter(Limits.Network(address), _ => Limits.Window(options.Value.FailedSignatures)));

    /// <summary>What to answer to a delivery whose signature has just been found wrong.</summary>
    public ApiError Refuse(HttpContext context)
    {
        using var lease = _failures.AttemptAcquire(context.Connection.RemoteIpAddress);
        return lease.IsAcquired ? Errors.InvalidSignature : Limits.RefusalOf(lease);
    }

    public void Dispose() => _failures.Dispose();
}
