using System.Text;

namespace Streaming.AppHost.Local;

/// <summary>
/// Servers that a killed run left behind on a data directory. They are known by their program and by the argument that names our
/// directory, which only a server of ours has: a process id from a stale file may be anybody's by now.
/// </summary>
public static class LeftOver
{
    public static async Task EndAsync(string program, string argument, CancellationToken stop)
    {
        foreach (var signal in (Signal[])[Signal.Interrupt, Signal.Quit, Signal.Kill])
        {
            foreach (var process in Find(program, argument)) signal.Send(process);
            for (var wait = 0; wait < 100; wait++)
            {
                if (Find(program, argument) is []) return;
                await Task.Delay(50, stop);
            }
        }
        throw new SetupException($"A {program} left behind by an earlier run still uses {argument} and cannot be ended: end process {Find(program, argument)[0]}.");
    }

    private static int[] Find(string program, string argument) =>
    [
        .. from directory in Directory.EnumerateDirectories("/proc")
           let name = Path.GetFileName(directory)
           where int.TryParse(name, out _)
           let line = CommandLine(directory)
           where line.Length > 0 && Path.GetFileName(line[0]) == program && line.Contains(argument)
           select int.Parse(name, null),
    ];

    // Empty for a zombie, which holds nothing any more.
    private static string[] CommandLine(string process)
    {
        try
        {
            return Encoding.UTF8.GetString(File.ReadAllBytes(process + "/cmdline")).Split('\0', StringSplitOptions.RemoveEmptyEntries);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
