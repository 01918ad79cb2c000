using Npgsql;

namespace Streaming.Core.Sessions;

/// <summary>The rules that end a broadcast without anybody asking: its longest duration, the time of a test, a contested key.</summary>
public sealed class BroadcastLimits(NpgsqlDataSource database)
{
    /// <summary>Minutes before the end at which the creator is warned.</summary>
    public static readonly IReadOnlyList<int> Warnings = [10, 1];

    /// <summary>Running broadcasts and when each must end: one that nobody else sees, after ten minutes.</summary>
    private const string Running =
        """
        select s.id, s.channel_id, s.contested_at, c.on_contest, c.visibility = 'Test' as is_test,
               s.started_at + make_interval(mins => case when c.visibility = 'Test' then least(c.max_duration_minutes, 10) else c.max_duration_minutes end) as ends_at
        from sessions s join channels c on c.id = s.channel_id
        where s.media_ended_at is null or s.reconnect_until > @now
        """;

    /// <summary>Writes the warnings that are due into the timelines, each once.</summary>
    /// <returns>How many.</returns>
    public async Task<int> Warn(DateTimeOffset now, CancellationToken ct)
    {
        await using var command = database.CreateCommand(
            $"""
            insert into timeline (channel_id, session_id, transition, at, reason, cause, evidence, subject)
            select r.channel_id, r.id, 'DurationWarning', r.ends_at - make_interval(mins => w.minutes), 'duration_exceeded', 'Rule', r.id::text, w.minutes::text
            from ({Running}) r
            cross join lateral (select min(minutes) as minutes from unnest(@warnings) as minutes where r.ends_at - make_interval(mins => minutes) <= @now) w
            where w.minutes is not null and r.ends_at > @now
            on conflict (session_id, subject) where transition = 'DurationWarning' do nothing
            """);
        command.Parameters.AddWithValue("now", now);
        command.Parameters.AddWithValue("warnings", Warnings.ToArray());
        return await command.ExecuteNonQueryAsync(ct);
    }

    /// <summary>Broadcasts that a rule ends now, each with the reason.</summary>
    public async Task<IReadOnlyList<(Guid Channel, string Reason)>> Due(DateTimeOffset now, CancellationToken ct)
    {
        await using var command = database.CreateCommand(
            $"""
            select r.channel_id, case when r.ends_at > @now then @contested when r.is_test then @test else @exceeded end
            from ({Running}) r
            where (r.ends_at <= @now or (r.on_contest = 'Disable' and r.contested_at is not null))
              and not exists (select 1 from cutoffs k where k.channel_id = r.channel_id and k.at >= @now) -- should LiveKit's clock be ahead of ours
            """);
        command.Parameters.AddWithValue("now", now);
        command.Parameters.AddWithValue("exceeded", EndReasons.DurationExceeded);
        command.Parameters.AddWithValue("test", EndReasons.TestOver);
        command.Parameters.AddWithValue("contested", EndReasons.KeyContested);
        var due = new List<(Guid, string)>();
        await using var row = await command.ExecuteReaderAsync(ct);
        while (await row.ReadAsync(ct)) due.Add((row.GetGuid(0), row.GetString(1)));
        return due;
    }
}
