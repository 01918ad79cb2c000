using System.Diagnostics;

namespace Streaming.AppHost.Local;

/// <summary>What the person at the terminal reads while the system starts and stops.</summary>
public static class Progress
{
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(2);

    public static void Say(string what, string where) => Console.WriteLine($"  {what,-11} {where}");

    /// <summary>Says what is going on, if it goes on for long: after 2, 4, 8, … s.</summary>
    public static async Task WhileAsync(string what, Task work)
    {
        var started = Stopwatch.GetTimestamp();
        for (var wait = Silence; await Task.WhenAny(work, Task.Delay(wait)) != work; wait = Stopwatch.GetElapsedTime(started))
            Console.WriteLine($"  {what} … {Stopwatch.GetElapsedTime(started).TotalSeconds:0} s");
        await work;
    }
}
