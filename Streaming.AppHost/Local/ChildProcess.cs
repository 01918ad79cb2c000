using System.Collections.Concurrent;
using System.Diagnostics;

namespace Streaming.AppHost.Local;

/// <summary>A process of ours, whose output goes to a file and which does not outlive us.</summary>
public sealed class ChildProcess : IAsyncDisposable
{
    private static readonly BlockingCollection<Action> Launches = [];

    private readonly Process _process;
    private readonly StartCommand _command;

    static ChildProcess()
    {
        // The kernel's "your parent is gone" means the *thread* that started the child, and pool threads do end:
        // one thread that stays starts all children.
        var launcher = new Thread(() => { foreach (var launch in Launches.GetConsumingEnumerable()) launch(); })
        {
            IsBackground = true,
            Name = "launcher of child processes",
        };
        launcher.Start();
    }

    private ChildProcess(string name, StartCommand command, string logFile, Process process)
    {
        (Name, Id, LogFile, _command, _process) = (name, process.Id, logFile, command, process);
        Exited = WaitAsync();
    }

    public string Name { get; }

    public int Id { get; }

    public string LogFile { get; }

    /// <summary>Completes with the exit code.</summary>
    public Task<int> Exited { get; }

    public static async Task<ChildProcess> StartAsync(string name, StartCommand command, string logFile)
    {
        // The child writes its log itself, so nothing is lost when we are killed. A session of its own keeps the terminal's Ctrl+C
        // away from it: we stop the processes in their order.
        var start = new ProcessStartInfo("/bin/sh") { WorkingDirectory = command.WorkingDirectory };
        foreach (var argument in (string[])["-c", "exec setsid \"$@\" </dev/null >>\"$0\" 2>&1", logFile, .. command.Line(dieWithParent: true)])
            start.ArgumentList.Add(argument);
        foreach (var (variable, value) in command.Environment) start.Environment[variable] = value;

        Directory.CreateDirectory(Path.GetDirectoryName(logFile)!);

        var started = new TaskCompletionSource<Process>(TaskCreationOptions.RunContinuationsAsynchronously);
        Launches.Add(() =>
        {
            try
            {
                started.SetResult(Process.Start(start)!);
            }
            catch (Exception failure)
            {
                started.SetException(failure);
            }
        });
        return new ChildProcess(name, command, logFile, await started.Task);
    }

    /// <returns>False when it has ended: its number may be another's by now.</returns>
    public bool Send(Signal signal) => !Exited.IsCompleted && signal.Send(Id);

    /// <summary>Asks it to stop, and insists after a while.</summary>
    public async Task StopAsync(TimeSpan patience)
    {
        if (Exited.IsCompleted) return;
        Signal.Continue.Send(Id);
        Send(_command.StopSignal);
        await Task.WhenAny(Exited, Task.Delay(patience));
        if (!Exited.IsCompleted) Send(Signal.Kill);
        await Exited;
    }

    /// <summary>Waits until it is ready; if it ends before, or takes too long, its log says why.</summary>
    public async Task ReadyAsync(Func<CancellationToken, Task<bool>> isReady, TimeSpan patience, CancellationToken stop = default)
    {
        var started = Stopwatch.GetTimestamp();
        while (!await isReady(stop))
        {
            if (Exited.IsCompleted) throw new SetupException($"{Name} ended with exit code {await Exited} before it was ready.{EndOfLog()}");
            if (Stopwatch.GetElapsedTime(started) > patience)
                throw new SetupException($"{Name} is not ready after {patience.TotalSeconds:0} s.{EndOfLog()}");
            await Task.Delay(50, stop);
        }
    }

    public string Log()
    {
        using var file = new StreamReader(new FileStream(LogFile, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return file.ReadToEnd();
    }

    public string EndOfLog()
    {
        var lines = Log().TrimEnd().Split('\n').TakeLast(15).Select(line => "    " + line);
        return $" The end of {LogFile}:\n{string.Join('\n', lines)}";
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync(TimeSpan.FromSeconds(10));
        _process.Dispose();
    }

    private async Task<int> WaitAsync()
    {
        await _process.WaitForExitAsync();
        return _process.ExitCode;
    }
}
