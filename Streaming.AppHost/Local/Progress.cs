using System.Diagnostics;

namespace Streaming.AppHost.Local;

/// <summary>What the person at the terminal reads while the system starts and stops.</summary>
public static class Progress
{
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(2), Interval = TimeSpan.FromSeconds(5);

    public static void Say(string what, string where) => Console.WriteLine($"  {what,-11} {where}");

    /// <summary>Says what is going on, if it goes on for long.</summary>
    public static async Task WhileAsync(string what, Task work)
    {
        var started = Stopwatch.GetTimestamp();
        for (var wait = Silence; await Task.WhenAny(work, Task.Delay(wait)) != work; wait = Interval)
            Console.WriteLine($"  {what} … {Stopwatch.GetElapsedTime(started).TotalSeconds:0} s");
        await work;
    }
}
