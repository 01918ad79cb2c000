using Streaming.Core.Data;
using Streaming.Core.Events;

namespace Streaming.WebhookWorker.Consuming;

/// <summary>Applies what the API spooled in Postgres while Redis was away.</summary>
internal sealed partial class SpoolDrainer(Spool spool, EventProcessor processor, TimeProvider time, ILogger<SpoolDrainer> log) : BackgroundService
{
    private const int BatchSize = 256;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                var batch = await spool.Peek(BatchSize, stoppingToken);
                if (batch.Count == 0)
                {
                    await Task.Delay(Pause, time, stoppingToken);
                    continue;
                }

                await processor.Process(batch, spool.Done, stoppingToken);
                Log.Drained(log, batch.Count);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                if (!Failures.IsTransient(e)) Log.Failed(log, e);
                await Task.Delay(Pause, time, CancellationToken.None);
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Applied {Count} spooled events")]
        public static partial void Drained(ILogger logger, int count);

        [LoggerMessage(Level = LogLevel.Error, Message = "Draining the spool failed")]
        public static partial void Failed(ILogger logger, Exception failure);
    }
}
