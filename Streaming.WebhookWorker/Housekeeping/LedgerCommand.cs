using System.Globalization;
using Npgsql;
using Streaming.Core.Data;
using Streaming.Core.Streams;

namespace Streaming.WebhookWorker.Housekeeping;

/// <summary>The switch <c>--verify-ledger</c>: whether the ledger of stream keys is as it was written.</summary>
internal static class LedgerCommand
{
    public static bool IsAskedFor(string[] args) => args.Contains("--verify-ledger");

    /// <returns>The exit code: 1 when something is wrong with it, or when it could not be read.</returns>
    public static async Task<int> Run(WebApplication app)
    {
        if (!app.IsWellConfigured<PostgresOptions>()) return 1;
        try
        {
            var faults = 0;
            await foreach (var fault in KeyLedger.Verify(app.Services.GetRequiredService<NpgsqlDataSource>()))
            {
                faults++;
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Channel {fault.ChannelId}: entry {fault.Sequence} {fault.What}."));
            }

            Console.WriteLine(faults == 0 ? "The ledger of stream keys is as it was written." : "The ledger of stream keys was tampered with.");
            return faults == 0 ? 0 : 1;
        }
        catch (Exception e) when (Failures.IsTransient(e))
        {
            await Console.Error.WriteLineAsync($"Postgres does not answer ({e.GetType().Name}).");
            return 1;
        }
    }
}
