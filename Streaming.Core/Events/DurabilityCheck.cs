using Microsoft.Extensions.Diagnostics.HealthChecks;
using StackExchange.Redis;
using Streaming.Core.Data;

namespace Streaming.Core.Events;

/// <summary>
/// An accepted event is on Redis' disk before we say so. That holds only with these settings, so readiness asks for them.
/// Without Redis the spool takes over: degraded, not down.
/// </summary>
public sealed class DurabilityCheck(IConnectionMultiplexer redis) : IHealthCheck
{
    private static readonly (string Name, string Value)[] Required = [("appendonly", "yes"), ("appendfsync", "always"), ("maxmemory-policy", "noeviction")];

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            foreach (var (name, value) in Required)
            {
                var answer = (RedisResult[]?)await redis.GetDatabase().ExecuteAsync("CONFIG", "GET", name);
                if (answer is not [_, var actual] || (string?)actual != value)
                    return HealthCheckResult.Unhealthy($"Redis must run with '{name} {value}', or accepted events can be lost.");
            }

            return HealthCheckResult.Healthy();
        }
        catch (RedisServerException)
        {
            return HealthCheckResult.Degraded("Redis does not let us read its settings: see to 'appendonly yes', 'appendfsync always' and 'maxmemory-policy noeviction'.");
        }
        catch (Exception e) when (Failures.IsOfRedis(e))
        {
            return HealthCheckResult.Degraded("Redis does not answer: events are spooled in Postgres.");
        }
    }
}
