namespace Streaming.WebhookWorker;

/// <summary>Tells the reconciler that a store is back: what was lost meanwhile should not wait for its next round.</summary>
internal sealed class Recoveries : IDisposable
{
    private readonly SemaphoreSlim _announced = new(0, 1);

    public void Announce()
    {
        lock (_announced)
            if (_announced.CurrentCount == 0) _announced.Release();
    }

    /// <returns>Whether one was announced; else the time is over.</returns>
    public Task<bool> Wait(TimeSpan atMost, CancellationToken ct) => _announced.WaitAsync(atMost, ct);

    public void Dispose() => _announced.Dispose();
}
