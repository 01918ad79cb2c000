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

    /// <summary>How long ago LiveKit may last have been asked: two rounds of the reconciler and the time they take.</summary>
    public static readonly TimeSpan UnseenAfter = TimeSpan.FromSeconds(45);

    /// <summary>SQL, with <see cref="UnseenAfter"/> as @unseen_after: LiveKit was asked too long ago, or never.</summary>
    internal const string IsUnseen = "coalesce((select beat_at < now() - @unseen_after from worker_pulse where id = 2), true)";

    /// <summary>The queue is being read.</summary>
    public Task Beat(CancellationToken ct) => Beat(1, ct);

    /// <summary>LiveKit was asked, has answered for every channel, and what it said is in the database.</summary>
    public Task Reconciled(CancellationToken ct) => Beat(2, ct);

    /// <summary>How many broadcasts are live by what LiveKit said too long ago.</summary>
    public async Task<long> StaleStreams(CancellationToken ct)
    {
        await using var command = database.CreateCommand(
            $"select count(*) from sessions where media_ended_at is null and {IsUnseen}");
        command.Parameters.AddWithValue("unseen_after", UnseenAfter);
        return (long)(await command.ExecuteScalarAsync(ct))!;
    }

    private async Task Beat(int id, CancellationToken ct)
    {
        await using var command = database.CreateCommand(
            "insert into worker_pulse (id, beat_at) values (@id, now()) on conflict (id) do update set beat_at = greatest(worker_pulse.beat_at, excluded.beat_at)");
        command.Parameters.AddWithValue("id", id);
        await command.ExecuteNonQueryAsync(ct);
    }
}

/// <summary>A row of the pulse: 1 is the consumer's, 2 the reconciler's.</summary>
public sealed class LastBeat
{
    private LastBeat() { }

    public int Id { get; private set; }
    public DateTimeOffset BeatAt { get; private set; }
}
