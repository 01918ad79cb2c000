namespace Streaming.Tests.Faults.Mutants;

/// <summary>A bug of the kind that such pipelines have, to be planted in a copy of the sources.</summary>
/// <param name="Name">What the environment of a process says for the bug to be there; without it the copy is the product.</param>
public sealed record Mutant(string Name, params IReadOnlyList<Change> Changes)
{
    public const string Variable = "MUTANT";

    /// <summary>Follows LiveKit's retries, or a batch of a broker that knows no inbox: what was done before a crash is done again.</summary>
    public static readonly Mutant NoInbox = new("no-inbox", new Change(
        "Streaming.Core/Events/EventApplier.cs",
        "        return (fresh, fresh.Count == batch.Count ? 0 : await WriteDuplicates(connection, batch, ct), risen);\n",
        """
                if (Planted("no-inbox")) return (unique.ToDictionary(e => e.Event.Id, e => FactSheet.HasEffect(e.Event)), 0, risen);
                return (fresh, fresh.Count == batch.Count ? 0 : await WriteDuplicates(connection, batch, ct), risen);

        """));

    /// <summary>The id is committed as done, then it is done.</summary>
    public static readonly Mutant MarkBeforeWork = new("mark-before-work", new Change(
        "Streaming.Core/Events/EventApplier.cs",
        "        var facts = FactSheet.Of(",
        """
                if (Planted("mark-before-work")) await new NpgsqlCommand("commit; begin", connection).ExecuteNonQueryAsync(ct);
                var facts = FactSheet.Of(
        """));

    public static readonly Mutant AcknowledgeBeforeCommit = new("ack-before-commit", new Change(
        "Streaming.WebhookWorker/Consuming/EventProcessor.cs",
        "        if (await TryApply(batch, ct) is not { } failure)\n",
        """
                if (Planted("ack-before-commit")) await done([.. batch.Select(e => e.EntryId)]);
                if (await TryApply(batch, ct) is not { } failure)

        """));

    /// <summary>Acknowledged and removed by two commands, with a moment between them.</summary>
    public static readonly Mutant SplitAcknowledgement = new("split-ack", new Change(
        "Streaming.Core/Events/EventQueue.cs",
        "        await redis.GetDatabase().ScriptEvaluateAsync(AcknowledgeAndRemove,",
        """
                if (Planted("split-ack"))
                {
                    RedisValue[] ids = [.. entryIds.Select(id => (RedisValue)id)];
                    await redis.GetDatabase().StreamAcknowledgeAsync(StreamKey, Group, ids);
                    await Task.Delay(500);
                    await redis.GetDatabase().StreamDeleteAsync(StreamKey, ids);
                    return;
                }

                await redis.GetDatabase().ScriptEvaluateAsync(AcknowledgeAndRemove,
        """));

    /// <summary>A stream that is kept short, whether its entries have been read or not.</summary>
    public static readonly Mutant ShortStream = new("maxlen", new Change(
        "Streaming.Core/Events/EventQueue.cs",
        """new("body", @event.ToJson()),""" + "\n        ]);",
        """new("body", @event.ToJson()),""" + "\n        ], maxLength: Planted(\"maxlen\") ? 1000 : null);"));

    /// <summary>A group that begins with what comes next: the default of most clients.</summary>
    public static readonly Mutant GroupAtTheEnd = new("group-at-end", new Change(
        "Streaming.Core/Events/EventQueue.cs",
        "Group, StreamPosition.Beginning)",
        """Group, Planted("group-at-end") ? StreamPosition.NewMessages : StreamPosition.Beginning)"""));

    /// <summary>Viewers are added up and not counted.</summary>
    public static readonly Mutant CountedUp = new("viewers++",
        new Change(
            "Streaming.WebhookWorker/Consuming/EventProcessor.cs",
            "            viewers.Due(applied.Channels);\n",
            """
                        if (Planted("viewers++"))
                        {
                            foreach (var entry in batch.Where(e => e.Event is { ChannelId: not null, Participant.IsStandard: true, Kind: EventKinds.ParticipantJoined or EventKinds.ParticipantLeft }))
                                await viewers.Counts.Add(entry.Event.ChannelId!.Value, entry.Event.Kind == EventKinds.ParticipantJoined ? 1 : -1);
                        }
                        else viewers.Due(applied.Channels);

            """),
        new Change(
            "Streaming.WebhookWorker/Consuming/ViewerCountRefresher.cs",
            "    private readonly Lock _turn = new();\n",
            """
                public ViewerCounts Counts => counts;

                private readonly Lock _turn = new();

            """),
        new Change(
            "Streaming.Core/Viewers/ViewerCounts.cs",
            "    private Task Store(ViewerCount count)",
            """
                public Task Add(Guid channel, int viewers) => redis.GetDatabase().ScriptEvaluateAsync(
                    "local n = tonumber(string.match(redis.call('GET', KEYS[1]) or '0:0', ':(-?%d+)$')) redis.call('SET', KEYS[1], '0:' .. (n + ARGV[1]))", [Key(channel)], [viewers]);

                private Task Store(ViewerCount count)
            """));

    /// <summary>What is acknowledged is written to the disk within a second, most of the time. No line of ours: a setting of Redis.</summary>
    public static readonly Mutant EverySecond = new("everysec");

    public static IReadOnlyList<Mutant> All { get; } = [NoInbox, MarkBeforeWork, AcknowledgeBeforeCommit, SplitAcknowledgement, ShortStream, GroupAtTheEnd, CountedUp, EverySecond];
}

/// <param name="File">Below the clone.</param>
/// <param name="Sound">Stands there exactly once.</param>
/// <param name="Planted">Stands there instead; <c>Planted(name)</c> says whether the bug is wanted.</param>
public sealed record Change(string File, string Sound, string Planted);
