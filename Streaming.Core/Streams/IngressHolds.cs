using Npgsql;
using Streaming.Core.Sessions;

namespace Streaming.Core.Streams;

/// <summary>
/// Places and lifts what keeps keys from working. That is written here first, in the caller's transaction, together with the end of what is published;
/// LiveKit follows: at once by <see cref="KeyEnforcement.Enforce"/> after the commit, and else by the worker's leader.
/// </summary>
public static class IngressHolds
{
    /// <summary>Of an ingress <c>i</c>: whether something holds it now.</summary>
    internal const string IsHeld =
        "exists (select from ingress_holds h where h.channel_id = i.channel_id and (h.ingress_id is null or h.ingress_id = i.id) and (h.until is null or h.until > now()))";

    /// <summary>Holds the key, and ends what is published with it.</summary>
    /// <param name="ingress">Null: every key of the channel, and its browser too.</param>
    /// <param name="until">Null: until it is lifted. One that is there already gets this time.</param>
    /// <param name="endReason">One of <see cref="EndReasons"/>, for the session that ends by it.</param>
    public static async Task Place(
        NpgsqlConnection connection, Guid channel, string? ingress, HoldReason reason, DateTimeOffset? until, string endReason, CancellationToken ct)
    {
        var windows = await SessionWrites.LockChannels(connection, [channel], ct);
        await Hold(connection, channel, ingress, reason, until, ct);
        await SessionWrites.Cut(connection, windows, channel, ingress, endReason, ct);
    }

    /// <summary>Holds the key in the caller's transaction, which ends what is published in its own way; see <see cref="Cutoff"/>.</summary>
    internal static async Task Hold(NpgsqlConnection connection, Guid channel, string? ingress, HoldReason reason, DateTimeOffset? until, CancellationToken ct)
    {
        await using var place = new NpgsqlCommand(
            """
            insert into ingress_holds as h (id, channel_id, ingress_id, reason, until, placed_at) values (@id, @channel, @ingress, @reason, @until, now())
            on conflict (channel_id, ingress_id, reason) do update set until = excluded.until
            """, connection)
        {
            Parameters =
            {
                new("id", Guid.CreateVersion7()), new("channel", channel), new NpgsqlParameter<string?>("ingress", ingress), new("reason", $"{reason}"),
                new NpgsqlParameter<DateTimeOffset?>("until", until),
            },
        };
        await place.ExecuteNonQueryAsync(ct);
        await KeyLedger.Append(connection, channel, [new LedgerLine(KeyEvent.Disabled, ingress) { Detail = Code(reason) }], ct);
    }

    /// <returns>Whether there was one.</returns>
    public static async Task<bool> Lift(NpgsqlConnection connection, Guid channel, string? ingress, HoldReason reason, CancellationToken ct)
    {
        await using var lift = new NpgsqlCommand(
            "delete from ingress_holds where channel_id = @channel and ingress_id is not distinct from @ingress and reason = @reason", connection)
        { Parameters = { new("channel", channel), new NpgsqlParameter<string?>("ingress", ingress), new("reason", $"{reason}") } };
        if (await lift.ExecuteNonQueryAsync(ct) == 0) return false;
        await KeyLedger.Append(connection, channel, [new LedgerLine(KeyEvent.Enabled, ingress) { Detail = Code(reason) }], ct);
        return true;
    }

    /// <summary>A key that takes another's place is held as that one was.</summary>
    public static async Task Carry(NpgsqlConnection connection, Guid channel, string from, string to, HoldReason reason, CancellationToken ct)
    {
        await using var carry = new NpgsqlCommand(
            """
            insert into ingress_holds (id, channel_id, ingress_id, reason, until, placed_at)
            select @id, channel_id, @to, reason, until, placed_at from ingress_holds where channel_id = @channel and ingress_id = @from and reason = @reason
            on conflict do nothing
            """, connection)
        { Parameters = { new("id", Guid.CreateVersion7()), new("channel", channel), new("from", from), new("to", to), new("reason", $"{reason}") } };
        await carry.ExecuteNonQueryAsync(ct);
    }

    private static string Code(HoldReason reason) => $"{reason}".ToLowerInvariant();

    /// <summary>What holds this key now.</summary>
    public static async Task<IReadOnlyList<HoldReason>> Of(NpgsqlConnection connection, Guid channel, string ingress, CancellationToken ct)
    {
        await using var read = new NpgsqlCommand(
            """
            select distinct reason from ingress_holds
            where channel_id = @channel and (ingress_id is null or ingress_id = @ingress) and (until is null or until > now()) order by reason
            """, connection)
        { Parameters = { new("channel", channel), new("ingress", ingress) } };
        var reasons = new List<HoldReason>();
        await using var row = await read.ExecuteReaderAsync(ct);
        while (await row.ReadAsync(ct)) reasons.Add(Enum.Parse<HoldReason>(row.GetString(0)));
        return reasons;
    }
}
