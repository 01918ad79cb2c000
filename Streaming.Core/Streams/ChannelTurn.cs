using Npgsql;
using Streaming.Core.Data;

namespace Streaming.Core.Streams;

/// <summary>
/// The right to change a channel's keys in LiveKit, held while LiveKit is asked: an advisory lock of a connection of its own, so that no
/// transaction stays open meanwhile and a process that dies leaves nothing locked.
/// </summary>
public sealed class ChannelTurn : IAsyncDisposable
{
    private readonly NpgsqlConnection _connection;
    private readonly Guid _channel;

    private ChannelTurn(NpgsqlConnection connection, Guid channel) => (_connection, _channel) = (connection, channel);

    /// <returns>Null when another request has it.</returns>
    public static async Task<ChannelTurn?> TryTake(NpgsqlDataSource database, Guid channel, CancellationToken ct)
    {
        var connection = await database.OpenConnectionAsync(ct);
        try
        {
            if (await Execute(connection, "select pg_try_advisory_lock(hashtextextended(@channel, 0))", channel, ct)) return new ChannelTurn(connection, channel);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }

        await connection.DisposeAsync();
        return null;
    }

    public async ValueTask DisposeAsync()
    {
        await using var _ = _connection;
        try
        {
            await Execute(_connection, "select pg_advisory_unlock(hashtextextended(@channel, 0))", _channel, CancellationToken.None);
        }
        catch (Exception e) when (Failures.IsTransient(e))
        {
            // The lock went with its connection.
        }
    }

    private static async Task<bool> Execute(NpgsqlConnection connection, string sql, Guid channel, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        command.Parameters.AddWithValue("channel", $"ingress of {channel}");
        return await command.ExecuteScalarAsync(ct) is true;
    }
}
