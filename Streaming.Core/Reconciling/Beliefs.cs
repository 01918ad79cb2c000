using Npgsql;
using Streaming.Core.LiveKit;
using Streaming.Core.Sessions;
using Streaming.Core.Viewers;

namespace Streaming.Core.Reconciling;

/// <summary>What the database takes for true about who publishes and who is present: what LiveKit's answer is compared with.</summary>
public sealed class Beliefs(NpgsqlDataSource database)
{
    /// <summary>What is believed now. To be read before LiveKit is asked, so that whatever is missing in its answer was believed before.</summary>
    /// <param name="only">The channels to speak of; null for all.</param>
    public async Task<Belief> Read(IReadOnlyCollection<Guid>? only, CancellationToken ct)
    {
        await using var batch = database.CreateBatch();
        batch.BatchCommands.Add(new NpgsqlBatchCommand("select statement_timestamp()"));
        batch.BatchCommands.Add(new NpgsqlBatchCommand(
            """
            select channel_id, resource_id, ingress_id from ingest_segments
            where began_at is not null and ended_at is null and (@only::uuid[] is null or channel_id = any(@only))
            """)
        { Parameters = { Only(only) } });
        batch.BatchCommands.Add(new NpgsqlBatchCommand(
            $"select r.channel_id, p.participant_sid from {Present.InRooms} where @only::uuid[] is null or r.channel_id = any(@only)")
        { Parameters = { Only(only) } });

        await using var row = await batch.ExecuteReaderAsync(ct);
        await row.ReadAsync(ct);
        var belief = new Belief(row.GetFieldValue<DateTimeOffset>(0));
        await row.NextResultAsync(ct);
        while (await row.ReadAsync(ct)) belief.Of(row.GetGuid(0)).Segments.Add(new OpenSegment(row.GetString(1), row.IsDBNull(2) ? null : row.GetString(2)));
        await row.NextResultAsync(ct);
        while (await row.ReadAsync(ct)) belief.Of(row.GetGuid(0)).Present.Add(row.GetString(1));
        return belief;
    }

    /// <summary>The time by Postgres' clock.</summary>
    public async Task<DateTimeOffset> Now(CancellationToken ct)
    {
        await using var command = database.CreateCommand("select statement_timestamp()");
        await using var row = await command.ExecuteReaderAsync(ct);
        await row.ReadAsync(ct);
        return row.GetFieldValue<DateTimeOffset>(0);
    }

    /// <summary>Those of these ids that are channels of ours.</summary>
    public async Task<IReadOnlyList<Guid>> Ours(IReadOnlyCollection<Guid> channels, CancellationToken ct)
    {
        await using var command = database.CreateCommand("select id from channels where id = any(@ids) and erased_at is null");
        command.Parameters.AddWithValue("ids", channels.ToArray());
        var ours = new List<Guid>();
        await using var row = await command.ExecuteReaderAsync(ct);
        while (await row.ReadAsync(ct)) ours.Add(row.GetGuid(0));
        return ours;
    }

    /// <summary>What is on record of those whom LiveKit lists. To be read after LiveKit was asked.</summary>
    public async Task<Records> RecordsOf(IReadOnlyCollection<RoomParticipant> listed, CancellationToken ct)
    {
        var sids = listed.Select(p => p.Sid).ToArray();
        await using var batch = database.CreateBatch();
        batch.BatchCommands.Add(new NpgsqlBatchCommand(
            """
            select resource_id,
                   case when began_at is null then 'Ended' when ended_at is null then 'Open' when end_reason = @lost then 'Lost'
                        when exists (select 1 from cutoffs c where c.channel_id = s.channel_id and (c.enforced_at is null or c.off_until > now())) then 'Off' else 'Ended' end
            from ingest_segments s where resource_id = any(@ids)
            """)
        {
            Parameters = { new("ids", sids.Concat(listed.Select(p => p.ResourceId).OfType<string>()).ToArray()), new("lost", EndReasons.Lost) },
        });
        batch.BatchCommands.Add(new NpgsqlBatchCommand(
            "select participant_sid, case when is_present then 'Open' when left_at is null and joined_at is not null then 'Lost' else 'Ended' end from presences where participant_sid = any(@sids)")
        {
            Parameters = { new("sids", sids) },
        });

        var records = new Records([], []);
        await using var row = await batch.ExecuteReaderAsync(ct);
        while (await row.ReadAsync(ct)) records.Segments[row.GetString(0)] = Enum.Parse<RecordState>(row.GetString(1));
        await row.NextResultAsync(ct);
        while (await row.ReadAsync(ct)) records.Presences[row.GetString(0)] = Enum.Parse<RecordState>(row.GetString(1));
        return records;
    }

    private static NpgsqlParameter Only(IReadOnlyCollection<Guid>? only) => new NpgsqlParameter<Guid[]?>("only", only?.ToArray());
}

/// <param name="At">When this was so, by Postgres' clock, which all replicas share.</param>
public sealed record Belief(DateTimeOffset At)
{
    private readonly Dictionary<Guid, ChannelBelief> _channels = [];

    public IReadOnlyCollection<Guid> Channels => _channels.Keys;

    /// <summary>An empty one for a channel of which nothing is believed.</summary>
    public ChannelBelief Of(Guid channel) => _channels.TryGetValue(channel, out var belief) ? belief : _channels[channel] = new ChannelBelief([], []);
}

/// <param name="Segments">Ingest segments that are taken to publish.</param>
/// <param name="Present">SIDs of those who are taken to be in the room.</param>
public sealed record ChannelBelief(List<OpenSegment> Segments, HashSet<string> Present);

public sealed record OpenSegment(string ResourceId, string? IngressId);

/// <summary>By resource id and by participant SID, where there is a record at all.</summary>
public sealed record Records(Dictionary<string, RecordState> Segments, Dictionary<string, RecordState> Presences);

/// <summary>How a segment or a stay stands in the records.</summary>
public enum RecordState
{
    /// <summary>It goes on.</summary>
    Open,

    /// <summary>It ended because LiveKit, when asked, no longer had it: seen again, it goes on.</summary>
    Lost,

    /// <summary>It ended because LiveKit said so, or because we did it.</summary>
    Ended,

    /// <summary>It ended, and its channel is being kept off the air: seen there, it is to be removed and not believed.</summary>
    Off,
}
