using System.Diagnostics;

namespace Streaming.Tests.Faults;

/// <summary>
/// How late a timer of the test was at most: that long the machine had no time for anybody. What a scenario measures meanwhile may be late by as
/// much without being the product's fault.
/// </summary>
public sealed class MachinePauses : IAsyncDisposable
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(20);

    private readonly CancellationTokenSource _stop = new();
    private readonly Task _watch;
    private long _longest;

    public MachinePauses() => _watch = Watch();

    public TimeSpan Longest => TimeSpan.FromTicks(Interlocked.Read(ref _longest));

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _watch;
        _stop.Dispose();
    }

    private async Task Watch()
    {
        while (!_stop.IsCancellationRequested)
        {
            var started = Stopwatch.GetTimestamp();
            await Task.Delay(Every);
            var late = Stopwatch.GetElapsedTime(started) - Every;
            if (late.Ticks > _longest) Interlocked.Exchange(ref _longest, late.Ticks);
        }
    }
}
