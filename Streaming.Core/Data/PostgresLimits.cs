using Npgsql;

namespace Streaming.Core.Data;

/// <summary>Short limits, so that an unwell database is noticed within seconds and a stuck statement holds no lock for long.</summary>
public static class PostgresLimits
{
    /// <returns>The same place with our limits, each but where the connection string has its own.</returns>
    public static string Within(string connectionString)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString) { IncludeErrorDetail = false, KeepAlive = 5 };
        var own = settings.Keys.ToHashSet(); // ContainsKey would say yes to all that Npgsql knows
        if (!own.Contains("Timeout")) settings.Timeout = 3;
        if (!own.Contains("Command Timeout")) settings.CommandTimeout = 10;
        if (!own.Contains("Maximum Pool Size")) settings.MaxPoolSize = 20;
        if (!own.Contains("Max Auto Prepare")) settings.MaxAutoPrepare = 50;
        if (!own.Contains("Options")) settings.Options = "-c statement_timeout=10s -c idle_in_transaction_session_timeout=10s";
        return settings.ConnectionString;
    }

    /// <summary>For what rightly takes its time: until the connection goes back, its statements may take as long as their commands say.</summary>
    public static async Task Lift(NpgsqlConnection connection, CancellationToken ct = default)
    {
        await using var command = new NpgsqlCommand("set statement_timeout = 0", connection);
        await command.ExecuteNonQueryAsync(ct);
    }
}
