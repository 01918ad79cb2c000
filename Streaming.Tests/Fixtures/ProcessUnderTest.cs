using Streaming.AppHost.Local;

namespace Streaming.Tests.Fixtures;

/// <summary>An executable of ours as a real process, which tests kill, freeze and read the log of.</summary>
public sealed class ProcessUnderTest : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly ChildProcess _process;

    private ProcessUnderTest(ChildProcess process) => _process = process;

    public int Id => _process.Id;

    public Task<int> Exited => _process.Exited;

    public string Log => _process.Log();

    /// <summary>What its loops meet and do not expect is a fault of ours, whatever becomes of it: they say that they go on.</summary>
    public void AssertNoFault() => Assert.DoesNotContain("taken up again", Log, StringComparison.Ordinal);

    public static async Task<ProcessUnderTest> StartAsync(string name, StartCommand command, string? healthUrl = null)
    {
        var process = new ProcessUnderTest(await ChildProcess.StartAsync(name, command, Path.Combine(TestDirectory.New(name), "log")));
        if (healthUrl is not null) await process.HealthyAsync(healthUrl);
        return process;
    }

    public async Task HealthyAsync(string healthUrl)
    {
        try
        {
            await _process.ReadyAsync(stop => HealthProbe.IsHealthyAsync(healthUrl, stop), Patience);
        }
        catch
        {
            await KillAsync();
            throw;
        }
    }

    /// <summary>kill -9</summary>
    public async Task KillAsync()
    {
        _process.Send(Signal.Kill);
        await Exited;
    }

    /// <summary>Asks it to stop (SIGTERM) and returns its exit code.</summary>
    public async Task<int> TerminateAsync()
    {
        _process.Send(Signal.Terminate);
        return await Exited.WaitAsync(Patience);
    }

    public void Send(Signal signal) => _process.Send(signal);

    public void Freeze() => _process.Send(Signal.Stop);

    public void Thaw() => _process.Send(Signal.Continue);

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        await _process.DisposeAsync();
    }
}
