namespace Streaming.AppHost.Local;

/// <summary>The processes of one system. They are stopped in the opposite order of their start; if one ends by itself, the system does.</summary>
public sealed class Processes(string logDirectory) : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60), StopPatience = TimeSpan.FromSeconds(10);

    private readonly List<ChildProcess> _running = [];
    private readonly Queue<(ChildProcess Process, string Where, Func<CancellationToken, Task<bool>> IsReady)> _starting = [];

    public async Task StartAsync(string name, StartCommand command, string where, Func<CancellationToken, Task<bool>> isReady)
    {
        var process = await ChildProcess.StartAsync(name, command, LogFile(name));
        _running.Add(process);
        _starting.Enqueue((process, where, isReady));
    }

    /// <summary>Until everything that was started is ready. Says so of each.</summary>
    public async Task ReadyAsync(CancellationToken stop)
    {
        while (_starting.TryDequeue(out var one))
        {
            await Progress.WhileAsync($"waiting for {one.Process.Name}", one.Process.ReadyAsync(AllRunAndOneIsReadyAsync, Patience, stop));
            Progress.Say(one.Process.Name, one.Where);

            // What it waits for may be another of us, which has ended: that one's log tells more.
            Task<bool> AllRunAndOneIsReadyAsync(CancellationToken asked)
            {
                ThrowIfOneEnded(except: one.Process);
                return one.IsReady(asked);
            }
        }
    }

    /// <summary>Runs something that does its work and ends. <paramref name="advice"/> is for when it fails.</summary>
    public async Task CompleteAsync(string name, StartCommand command, string done, string advice, CancellationToken stop)
    {
        await using var process = await ChildProcess.StartAsync(name, command, LogFile(name));
        await Progress.WhileAsync($"waiting for {name}", process.Exited.WaitAsync(stop));
        if (await process.Exited is not 0 and var code) throw new SetupException($"{name} failed with exit code {code}: {advice}{process.EndOfLog()}");
        Progress.Say(name, done);
    }

    /// <summary>Until we are asked to stop; fails when a process ends before.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        await Task.WhenAny(_running.Select(process => process.Exited)).WaitAsync(stop);
        ThrowIfOneEnded();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in Enumerable.Reverse(_running))
        {
            await Progress.WhileAsync($"stopping {process.Name}", process.StopAsync(StopPatience));
            await process.DisposeAsync();
        }
    }

    private string LogFile(string name) => Path.Combine(logDirectory, name + ".log");

    private void ThrowIfOneEnded(ChildProcess? except = null)
    {
        if (_running.Find(process => process != except && process.Exited.IsCompleted) is { } ended)
            throw new SetupException($"{ended.Name} ended, so everything stops.{ended.EndOfLog()}");
    }
}
