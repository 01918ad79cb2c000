using Npgsql;

namespace Streaming.Core.Events;

/// <summary>
/// The worker's sign of life: when it last had read the queue and had nothing in hand that failed. Without it, what the API
/// reads may be out of date, and the API says so.
/// </summary>
public sealed class WorkerPulse(NpgsqlDataSource database)
{
    /// <summary>How old the last beat may be before state counts as stale.</summary>
    public static readonly TimeSpan StaleAfter = TimeSpan.FromSeconds(15);

    public async Task Beat(CancellationToken ct)
    {
        await using var command = database.CreateCommand(
            "insert into worker_pulse (id, beat_at) values (1, now()) on conflict (id) do update set beat_at = greatest(worker_pulse.beat_at, excluded.beat_at)");
        await command.ExecuteNonQueryAsync(ct);
    }
}

/// <summary>The one row of the pulse.</summary>
public sealed class LastBeat
{
    private LastBeat() { }

    public int Id { get; private set; }
    public DateTimeOffset BeatAt { get; private set; }
}
