using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Streaming.Core.Data;

/// <summary>Ready means that Postgres answers and that its schema is the one this build was made for.</summary>
public sealed class SchemaCheck(StreamingDb db) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            var pending = await db.Database.GetPendingMigrationsAsync(cancellationToken);
            return pending.Any() ? HealthCheckResult.Unhealthy("The database is not migrated: run the worker with --migrate.") : HealthCheckResult.Healthy();
        }
        catch (Exception e) when (Failures.IsTransient(e))
        {
            return HealthCheckResult.Unhealthy("Postgres does not answer.");
        }
    }
}
