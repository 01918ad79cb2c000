using Streaming.Core.Viewers;

namespace Streaming.WebhookWorker.Consuming;

/// <summary>
/// Counts and caches viewers anew where events may have changed them: at once when there is little to do, and for many batches together
/// when there is much. What a crash keeps from being counted is counted by a reader, when the cached number has expired.
/// </summary>
internal sealed partial class ViewerCountRefresher(ViewerCounts counts, TimeProvider time, ILogger<ViewerCountRefresher> log) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250), PauseAfterFailure = TimeSpan.FromSeconds(1);

    private readonly Lock _turn = new();
    private readonly SemaphoreSlim _anyDue = new(0, 1);
    private HashSet<Guid> _due = [];

    /// <summary>After a commit that may have changed who is present.</summary>
    public void Due(IReadOnlyCollection<Guid> channels)
    {
        if (channels.Count == 0) return;
        lock (_turn)
        {
            _due.UnionWith(channels);
            if (_anyDue.CurrentCount == 0) _anyDue.Release();
        }
    }

    public override void Dispose()
    {
        _anyDue.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                await _anyDue.WaitAsync(stoppingToken);
                await Task.Delay(await TryRefresh(stoppingToken) ? Pause : PauseAfterFailure, time, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await TryRefresh(CancellationToken.None);
        }
    }

    private async Task<bool> TryRefresh(CancellationToken ct)
    {
        HashSet<Guid> channels;
        lock (_turn) (channels, _due) = (_due, []);
        try
        {
            await counts.Refresh(channels, ct);
            return true;
        }
        catch (Exception e) when (!ct.IsCancellationRequested) // a number in a cache is no reason to stop
        {
            Log.NotRefreshed(log, channels.Count, e.GetType().Name);
            Due(channels);
            return false;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "The viewer counts of {Count} channels could not be cached ({Failure}): they are counted again")]
        public static partial void NotRefreshed(ILogger logger, int count, string failure);
    }
}
