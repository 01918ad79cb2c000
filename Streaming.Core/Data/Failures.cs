using System.Net.Sockets;
using Npgsql;
using StackExchange.Redis;

namespace Streaming.Core.Data;

/// <summary>The one place that decides which failures of the stores pass by themselves.</summary>
public static class Failures
{
    /// <summary>The database, or the way to it, is unwell or was busy: the same work may succeed later.</summary>
    public static bool IsTransient(Exception e) => e switch
    {
        PostgresException postgres => postgres.IsTransient || postgres.SqlState is
            PostgresErrorCodes.SerializationFailure or
            PostgresErrorCodes.DeadlockDetected or
            PostgresErrorCodes.QueryCanceled or
            "25P03" or // idle_in_transaction_session_timeout: we were stalled
            PostgresErrorCodes.AdminShutdown or
            PostgresErrorCodes.CrashShutdown or
            PostgresErrorCodes.CannotConnectNow or
            PostgresErrorCodes.TooManyConnections,
        NpgsqlException or SocketException or TimeoutException or IOException => true, // what is not Postgres' own answer is the connection's
        InvalidOperationException { Source: "Npgsql", Message: "Connection is not open" } => true, // it broke while it was held for something else
        _ => e.InnerException is { } inner && IsTransient(inner),
    };

    /// <summary>
    /// Redis, or the way to it, is unwell, or it refused. When a connection ends while its answers are being read, whoever waits is told
    /// what went wrong in the reader, and not that Redis is away.
    /// </summary>
    public static bool IsOfRedis(Exception e) =>
        e is RedisException or TimeoutException or SocketException or IOException or ObjectDisposedException or InvalidOperationException { Source: "System.IO.Pipelines" };
}
