namespace Streaming.WebhookWorker.Leading;

/// <summary>What one worker does for all.</summary>
internal interface ILeaderDuty
{
    /// <summary>Runs until cancelled. May be run again: this worker may lose the lead and win it back.</summary>
    Task Run(CancellationToken ct);
}
