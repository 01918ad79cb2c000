using Npgsql;

namespace Streaming.Core.Sessions;

/// <summary>
/// Says of sessions that nobody came back to that they are over: time alone ends them, and no event tells of it. Into the timeline, each once,
/// and to those who follow the channel.
/// </summary>
public sealed class Conclusions(NpgsqlDataSource database)
{
    /// <summary>No more channels are locked at once.</summary>
    private const int Piece = 100;

    /// <returns>How many sessions.</returns>
    public async Task<int> Write(CancellationToken ct)
    {
        var concluded = 0;
        int piece;
        do
        {
            await using var connection = await database.OpenConnectionAsync(ct);
            await using var transaction = await connection.BeginTransactionAsync(ct);
            var channels = await SessionWrites.TryLockChannels(connection, await SessionWrites.InconclusiveChannels(connection, Piece, ct), ct);
            if (channels.Length == 0) break;
            concluded += piece = await SessionWrites.Conclude(connection, channels, ct);
            await transaction.CommitAsync(ct);
        }
        while (piece >= Piece);

        return concluded;
    }
}
