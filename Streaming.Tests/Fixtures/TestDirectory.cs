using System.Collections.Concurrent;

namespace Streaming.Tests.Fixtures;

/// <summary>Temporary directories of this test run. Those of a run that was killed are removed by the next one.</summary>
public static class TestDirectory
{
    private const string Prefix = "streaming-tests-";

    private static readonly ConcurrentStack<Action> EndOfRun = [];

    private static readonly Lazy<string> Run = new(() =>
    {
        foreach (var earlier in Directory.EnumerateDirectories(Path.GetTempPath(), Prefix + "*"))
        {
            if (!Directory.Exists("/proc/" + Path.GetFileName(earlier)[Prefix.Length..])) Delete(earlier);
        }

        var run = Path.Combine(Path.GetTempPath(), Prefix + Environment.ProcessId);
        Delete(run);
        AppDomain.CurrentDomain.ProcessExit += (_, _) =>
        {
            while (EndOfRun.TryPop(out var stop)) stop();
            Delete(run);
        };
        return Directory.CreateDirectory(run).FullName;
    });

    private static int _number;

    public static string New(string name) =>
        Directory.CreateDirectory(Path.Combine(Run.Value, $"{name}-{Interlocked.Increment(ref _number)}")).FullName;

    /// <summary>What to do when the run ends, before its directories go. Nobody waits for long then: servers are killed, not asked.</summary>
    public static void AtEndOfRun(Action stop) => EndOfRun.Push(stop);

    public static void Delete(string directory)
    {
        try
        {
            if (Directory.Exists(directory)) Directory.Delete(directory, recursive: true);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // Another user's, or a server of this run is just ending in it: the next run removes it.
        }
    }
}
