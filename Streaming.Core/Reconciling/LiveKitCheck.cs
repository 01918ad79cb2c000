using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;
using Streaming.Core.Data;
using Streaming.Core.Events;

namespace Streaming.Core.Reconciling;

/// <summary>
/// Whether LiveKit answered when the reconciler last asked it: no probe asks it anew. Without it reading goes on and nothing is ended:
/// degraded, not down.
/// </summary>
public sealed class LiveKitCheck(NpgsqlDataSource database) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            await using var command = database.CreateCommand("select exists (select 1 from worker_pulse where id = 2 and beat_at > now() - @unseen)");
            command.Parameters.AddWithValue("unseen", WorkerPulse.UnseenAfter);
            return await command.ExecuteScalarAsync(cancellationToken) is true
                ? HealthCheckResult.Healthy()
                : HealthCheckResult.Degraded("LiveKit has not answered lately, or no worker asks it: state is shown as stale.");
        }
        catch (Exception e) when (Failures.IsTransient(e) || e is PostgresException { SqlState: PostgresErrorCodes.UndefinedTable })
        {
            return HealthCheckResult.Healthy("Postgres does not say."); // which is said elsewhere
        }
    }
}
