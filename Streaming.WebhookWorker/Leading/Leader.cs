using Npgsql;
using Streaming.Core.Data;

namespace Streaming.WebhookWorker.Leading;

/// <summary>
/// Among the replicas the one that holds an advisory lock of Postgres does the duties. The lock ends with its connection, so a leader
/// that dies is replaced within seconds; for that moment two may work at once, which no duty minds.
/// </summary>
internal sealed partial class Leader(NpgsqlDataSource database, IEnumerable<ILeaderDuty> duties, TimeProvider time, ILogger<Leader> log) : BackgroundService
{
    /// <summary>An arbitrary number that nothing else in this database locks.</summary>
    private const long Lock = 0x5354_5245_414D_0001;

    private static readonly TimeSpan AskEvery = TimeSpan.FromSeconds(2);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await using var connection = await database.OpenConnectionAsync(stoppingToken);
                if (await IsGranted(connection, stoppingToken)) await Lead(connection, stoppingToken);
            }
            catch (Exception e) when (Failures.IsTransient(e))
            {
                // Postgres is away, and with it the lead.
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }

            await Task.Delay(AskEvery, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task Lead(NpgsqlConnection connection, CancellationToken stoppingToken)
    {
        Log.Leads(log);
        using var lost = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        var work = duties.Select(duty => Do(duty, lost.Token)).ToArray();
        try
        {
            while (true)
            {
                await Task.Delay(AskEvery, time, stoppingToken);
                await using var alive = new NpgsqlCommand("select 1", connection);
                await alive.ExecuteScalarAsync(stoppingToken);
            }
        }
        finally
        {
            await lost.CancelAsync();
            await Task.WhenAll(work);
        }
    }

    /// <summary>A duty that fails is said and taken up again; the others do not notice.</summary>
    private async Task Do(ILeaderDuty duty, CancellationToken ct)
    {
        while (!ct.IsCancellationRequested)
        {
            try
            {
                await duty.Run(ct);
            }
            catch (Exception) when (ct.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                Log.Failed(log, e, duty.GetType().Name);
                await Task.Delay(AskEvery, time, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private static async Task<bool> IsGranted(NpgsqlConnection connection, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand("select pg_try_advisory_lock(@lock)", connection) { Parameters = { new("lock", Lock) } };
        return (bool)(await command.ExecuteScalarAsync(ct))!;
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "This worker leads: it reconciles with LiveKit and keeps house")]
        public static partial void Leads(ILogger logger);

        [LoggerMessage(Level = LogLevel.Error, Message = "{Duty} failed and is taken up again")]
        public static partial void Failed(ILogger logger, Exception failure, string duty);
    }
}
