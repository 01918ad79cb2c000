using System.Runtime.InteropServices;

namespace Streaming.AppHost.Local;

/// <summary>Ctrl+C, SIGTERM and a closed terminal ask us to stop. Asked a second time, we end at once, and the children with us.</summary>
public sealed class StopSignals : IDisposable
{
    private readonly CancellationTokenSource _asked = new();
    private readonly PosixSignalRegistration[] _registrations;

    public StopSignals() => _registrations =
    [
        .. new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP }.Select(signal => PosixSignalRegistration.Create(signal, Asked)),
    ];

    public CancellationToken Token => _asked.Token;

    public void Dispose()
    {
        foreach (var registration in _registrations) registration.Dispose();
        _asked.Dispose();
    }

    private void Asked(PosixSignalContext signal)
    {
        if (_asked.IsCancellationRequested) return;
        signal.Cancel = true;
        Console.WriteLine("\nStopping.");
        _asked.Cancel();
    }
}
