using System.Runtime.InteropServices;

namespace Streaming.AppHost.Local;

/// <summary>The signals of Linux that .NET cannot send by itself.</summary>
public enum Signal
{
    Interrupt = 2,
    Quit = 3,
    Kill = 9,
    Terminate = 15,
    Continue = 18,
    Stop = 19,
}

public static class Signals
{
    /// <summary>False when there is no such process, or it is somebody else's.</summary>
    public static bool Send(this Signal signal, int processId) => Kill(processId, (int)signal) == 0;

    /// <summary>As the tools of the system call it.</summary>
    public static string Name(this Signal signal) => signal switch
    {
        Signal.Interrupt => "INT",
        Signal.Quit => "QUIT",
        Signal.Kill => "KILL",
        Signal.Terminate => "TERM",
        Signal.Continue => "CONT",
        Signal.Stop => "STOP",
        _ => throw new ArgumentOutOfRangeException(nameof(signal)),
    };

    [DllImport("libc", EntryPoint = "kill", ExactSpelling = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int processId, int signal);
}
