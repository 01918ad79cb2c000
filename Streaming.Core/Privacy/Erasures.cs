using Microsoft.Extensions.Logging;
using Npgsql;
using Streaming.Core.Creators;
using Streaming.Core.Data;
using Streaming.Core.LiveKit;
using Streaming.Core.Sessions;
using Streaming.Core.Streams;

namespace Streaming.Core.Privacy;

/// <summary>
/// Forgets people. The wish is on record first, and his rights end with it. Then LiveKit: his keys, his room, his seats in other rooms,
/// since once we have forgotten him nobody can find them any more. Then, in one transaction, the database. Whatever fails is taken up
/// again by the worker.
/// </summary>
public sealed partial class Erasures(NpgsqlDataSource database, LiveKitApi livekit, TimeProvider time, ILogger<Erasures> log)
{
    /// <summary>How long LiveKit may still tell of him: tokens to join live ten minutes, and events may have waited.</summary>
    public static readonly TimeSpan Aftermath = TimeSpan.FromHours(1);

    /// <returns>When it was first asked for, if that is not fulfilled yet; else now. Null when he is the last administrator: then nothing is changed.</returns>
    public async Task<DateTimeOffset?> Request(string userId, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await using var record = new NpgsqlCommand(
            """
            insert into erasures as e (id, user_id, requested_at) values (@id, @user, @now)
            on conflict (user_id) do update set
                id = case when e.erased_at is null then e.id else excluded.id end,
                requested_at = case when e.erased_at is null then e.requested_at else excluded.requested_at end,
                erased_at = null
            returning requested_at
            """, connection)
        { Parameters = { new("id", Guid.CreateVersion7(now)), new("user", userId), new("now", now) } };
        var requestedAt = (DateTimeOffset)(DateTime)(await record.ExecuteScalarAsync(ct))!; // first, as whoever forgets him holds it while he comes to the rest

        await using (var lockAll = new NpgsqlCommand("lock table administrators in share row exclusive mode", connection)) await lockAll.ExecuteNonQueryAsync(ct); // of two, the second is the last
        await using (var last = new NpgsqlCommand("select count(*) = 1 and bool_and(user_id = @user) from administrators", connection) { Parameters = { new("user", userId) } })
            if (await last.ExecuteScalarAsync(ct) is true) return null; // and his wish is not recorded

        await using var rights = new NpgsqlBatch(connection, transaction);
        foreach (var right in new[] { "administrators", "creator_applications" })
            rights.BatchCommands.Add(new NpgsqlBatchCommand($"delete from {right} where user_id = @user") { Parameters = { new("user", userId) } });
        await rights.ExecuteNonQueryAsync(ct);
        await transaction.CommitAsync(ct);
        return requestedAt;
    }

    /// <returns>When it was fulfilled; null when that is left to the worker.</returns>
    public async Task<DateTimeOffset?> TryFulfil(string userId, CancellationToken ct)
    {
        try
        {
            var channels = await ChannelsOf(userId, ct); // one, or none
            await using var turn = channels is [var his] ? await ChannelTurn.TryTake(database, his, ct) : null;
            if (turn is null && channels.Length > 0) return null; // a key of his is being made or changed at this moment
            foreach (var channel in channels) await Silence(channel, ct);
            await TakeOutOfRooms(userId, ct);
            return await Forget(userId, channels, ct);
        }
        catch (LiveKitException e)
        {
            Log.Postponed(log, e.Failure);
            return null;
        }
        catch (Exception e) when (Failures.IsTransient(e))
        {
            Log.Delayed(log, e.GetType().Name); // his wish is on record
            return null;
        }
    }

    /// <summary>What the worker does each few seconds: what is not fulfilled yet, and what has come back.</summary>
    public async Task Sweep(CancellationToken ct)
    {
        foreach (var (id, userId, erasedAt) in await Open(ct))
        {
            if (erasedAt is null) await TryFulfil(userId, ct);
            else if (time.GetUtcNow() - erasedAt > Aftermath) await Execute("update erasures set user_id = null where id = @id", id, userId, ct);
            else await ForgetAgain(id, userId, ct);
        }
    }

    private async Task ForgetAgain(Guid id, string userId, CancellationToken ct)
    {
        foreach (var table in PersonalData.Tables.Where(t => t.ComesBack)) await Execute(table.Erase, id, userId, ct);
        try
        {
            foreach (var channel in await ChannelsOf(Erasure.Pseudonym(id), ct)) await Silence(channel, ct);
        }
        catch (LiveKitException e)
        {
            Log.Postponed(log, e.Failure);
        }
    }

    /// <summary>No key opens this room any more, and nobody is in it.</summary>
    private async Task Silence(Guid channel, CancellationToken ct)
    {
        await using var recorded = database.CreateCommand("select id from ingresses where channel_id = @channel and deleted_at is null");
        recorded.Parameters.AddWithValue("channel", channel);
        var ids = (await livekit.ListIngresses(channel, ct)).ToHashSet();
        await using (var row = await recorded.ExecuteReaderAsync(ct))
            while (await row.ReadAsync(ct)) ids.Add(row.GetString(0));
        foreach (var id in ids) await livekit.DeleteIngress(id, ct);
        foreach (var participant in await livekit.ListParticipants(channel, ct)) await livekit.RemoveParticipant(channel, participant.Identity, ct);
    }

    private async Task TakeOutOfRooms(string userId, CancellationToken ct)
    {
        foreach (var channel in await Guids("select distinct channel_id from presences where is_present and person = 'viewer:' || @user", userId, ct))
            foreach (var him in (await livekit.ListParticipants(channel, ct)).Where(p => p.Identity.StartsWith($"viewer:{userId}:", StringComparison.Ordinal)))
                await livekit.RemoveParticipant(channel, him.Identity, ct);
    }

    private async Task<DateTimeOffset> Forget(string userId, Guid[] channels, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        await using var connection = await database.OpenConnectionAsync(ct);
        await PostgresLimits.Lift(connection, ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var windows = await SessionWrites.LockChannels(connection, channels, ct);
        await using (var wish = new NpgsqlCommand("select id from erasures where user_id = @user for update", connection) { Parameters = { new("user", userId) } })
        {
            if (await wish.ExecuteScalarAsync(ct) is not Guid id) return now; // another process has done it, and forgotten whom
            foreach (var channel in windows.Keys) await SessionWrites.Cut(connection, windows, channel, ingress: null, EndReasons.Erased, ct);
            await using var erase = new NpgsqlBatch(connection) { Timeout = 0 }; // whoever was followed by a million
            erase.BatchCommands.Add(Command("insert into users (id, created_at) select @pseudonym, @now where exists (select 1 from channels where user_id = @user) on conflict do nothing", id, userId, now));
            foreach (var table in PersonalData.Tables.Where(t => t.Then is not null)) erase.BatchCommands.Add(Command(table.Erase, id, userId, now));
            erase.BatchCommands.Add(Command("update erasures set erased_at = @now where id = @id", id, userId, now));
            await erase.ExecuteNonQueryAsync(ct);
            await transaction.CommitAsync(ct);
            Log.Erased(log, id);
        }

        return now;
    }

    private Task<Guid[]> ChannelsOf(string userId, CancellationToken ct) => Guids("select id from channels where user_id = @user", userId, ct);

    private async Task<Guid[]> Guids(string sql, string userId, CancellationToken ct)
    {
        await using var command = database.CreateCommand(sql);
        command.Parameters.AddWithValue("user", userId);
        var ids = new List<Guid>();
        await using var row = await command.ExecuteReaderAsync(ct);
        while (await row.ReadAsync(ct)) ids.Add(row.GetGuid(0));
        return [.. ids];
    }

    private async Task<List<(Guid Id, string UserId, DateTimeOffset? ErasedAt)>> Open(CancellationToken ct)
    {
        await using var command = database.CreateCommand("select id, user_id, erased_at from erasures where user_id is not null order by requested_at");
        var open = new List<(Guid, string, DateTimeOffset?)>();
        await using var row = await command.ExecuteReaderAsync(ct);
        while (await row.ReadAsync(ct)) open.Add((row.GetGuid(0), row.GetString(1), row.IsDBNull(2) ? null : row.GetFieldValue<DateTimeOffset>(2)));
        return open;
    }

    private async Task Execute(string sql, Guid id, string userId, CancellationToken ct)
    {
        await using var batch = database.CreateBatch();
        batch.BatchCommands.Add(Command(sql, id, userId, time.GetUtcNow()));
        await batch.ExecuteNonQueryAsync(ct);
    }

    private static NpgsqlBatchCommand Command(string sql, Guid id, string userId, DateTimeOffset now) =>
        new(sql) { Parameters = { new("id", id), new("user", userId), new("pseudonym", Erasure.Pseudonym(id)), new("now", now) } };

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Forgetting somebody is left to the worker ({Failure})")]
        public static partial void Delayed(ILogger logger, string failure);

        [LoggerMessage(Level = LogLevel.Information, Message = "Erasure {Id} is done")]
        public static partial void Erased(ILogger logger, Guid id);

        [LoggerMessage(Level = LogLevel.Warning, Message = "An erasure waits for LiveKit ({Failure})")]
        public static partial void Postponed(ILogger logger, LiveKitFailure failure);
    }
}
