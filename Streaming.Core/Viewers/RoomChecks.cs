using Npgsql;

namespace Streaming.Core.Viewers;

/// <summary>Which rooms have to be looked at, and when. Any worker takes what is due; one that dies has it taken from it.</summary>
public sealed class RoomChecks(NpgsqlDataSource database)
{
    /// <summary>LiveKit hands everybody in a room tokens of ten minutes, beside ours; a minute for clocks.</summary>
    public static readonly TimeSpan Watch = TimeSpan.FromMinutes(11);

    /// <summary>Between two looks while tokens from before may be alive: for joins of which no webhook tells.</summary>
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(30);

    /// <summary>How long a worker has for what it took.</summary>
    private static readonly TimeSpan Turn = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(1);

    /// <summary>
    /// The channels with tokens about that may have to be refused, and of those the ones due now, which are this worker's for a while. Bans whose
    /// time is over go first: that notes a look at who was banned.
    /// </summary>
    public async Task<(IReadOnlySet<Guid> Watched, IReadOnlyList<DueCheck> Due)> Take(CancellationToken ct)
    {
        await using var batch = database.CreateBatch();
        batch.BatchCommands.Add(new NpgsqlBatchCommand(
            "delete from bans where (channel_id, person) in (select channel_id, person from bans where until <= now() order by until limit 200 for update skip locked)"));
        batch.BatchCommands.Add(new NpgsqlBatchCommand("select distinct channel_id from room_checks"));
        batch.BatchCommands.Add(new NpgsqlBatchCommand(
            """
            update room_checks set due_at = now() + @turn
            where (channel_id, person) in (select channel_id, person from room_checks where due_at <= now() order by due_at limit 200 for update skip locked)
            returning channel_id, person, version
            """)
        { Parameters = { new("turn", Turn) } });
        var watched = new HashSet<Guid>();
        var due = new List<DueCheck>();
        await using var row = await batch.ExecuteReaderAsync(ct);
        while (await row.ReadAsync(ct)) watched.Add(row.GetGuid(0));
        await row.NextResultAsync(ct);
        while (await row.ReadAsync(ct)) due.Add(new DueCheck(row.GetGuid(0), row.GetString(1), row.GetInt64(2)));
        return (watched, due);
    }

    /// <summary>
    /// The look is done: it is repeated until the tokens from before are dead, and then forgotten. Whoever was put right was handed a
    /// fresh token by LiveKit when he came in, so that time begins anew.
    /// </summary>
    public async Task Done(IReadOnlyCollection<DueCheck> checks, bool putRight, CancellationToken ct)
    {
        await using var batch = database.CreateBatch();
        if (!putRight)
            batch.BatchCommands.Add(new NpgsqlBatchCommand("delete from room_checks r using " + These + " and r.watch_until < now()") { Parameters = { Channels(checks), People(checks), Versions(checks) } });
        batch.BatchCommands.Add(new NpgsqlBatchCommand(
            "update room_checks r set due_at = now() + @again, watch_until = case when @right then now() + @watch else r.watch_until end from " + These)
        { Parameters = { Channels(checks), People(checks), Versions(checks), new("again", Again), new("right", putRight), new("watch", Watch) } });
        await batch.ExecuteNonQueryAsync(ct);
    }

    /// <summary>LiveKit could not be asked or told: soon again, for as long as it takes.</summary>
    public async Task Failed(IReadOnlyCollection<DueCheck> checks, CancellationToken ct)
    {
        await using var command = database.CreateCommand("update room_checks r set due_at = now() + @soon from " + These);
        command.Parameters.AddRange(new NpgsqlParameter[] { Channels(checks), People(checks), Versions(checks), new("soon", AfterFailure) });
        await command.ExecuteNonQueryAsync(ct);
    }

    /// <summary>Somebody came into a watched room and could not be put right at once, or was: he has a fresh token.</summary>
    /// <param name="people">As in <see cref="Presence.Person"/>.</param>
    public async Task Seen(Guid channel, IReadOnlyCollection<string> people, bool isDue, CancellationToken ct)
    {
        await using var command = database.CreateCommand(
            """
            update room_checks set watch_until = greatest(watch_until, now() + @watch), due_at = case when @due then least(due_at, now()) else due_at end
            where channel_id = @channel and (person = '' or person = any(@people))
            """);
        command.Parameters.AddRange(new NpgsqlParameter[] { new("watch", Watch), new("due", isDue), new("channel", channel), new("people", people.ToArray()) });
        await command.ExecuteNonQueryAsync(ct);
    }

    private const string These =
        """
        unnest(@channels, @people, @versions) as d (channel_id, person, version)
        where r.channel_id = d.channel_id and r.person = d.person and r.version = d.version
        """;

    private static NpgsqlParameter Channels(IReadOnlyCollection<DueCheck> checks) => new("channels", checks.Select(c => c.ChannelId).ToArray());

    private static NpgsqlParameter People(IReadOnlyCollection<DueCheck> checks) => new("people", checks.Select(c => c.Person).ToArray());

    private static NpgsqlParameter Versions(IReadOnlyCollection<DueCheck> checks) => new("versions", checks.Select(c => c.Version).ToArray());
}

/// <param name="Person">As in <see cref="Presence.Person"/>; empty for everybody.</param>
public sealed record DueCheck(Guid ChannelId, string Person, long Version);
