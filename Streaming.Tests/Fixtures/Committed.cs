using Streaming.AppHost.Local;

namespace Streaming.Tests.Fixtures;

/// <summary>Files that are made of the code and committed, so that a change of them is seen by whoever reads the commit.</summary>
public static class Committed
{
    public const string HowToWrite = "tools/contract writes it anew; after a conflict, too.";

    /// <summary>Set by tools/contract alone.</summary>
    private static readonly bool IsToBeWritten = Environment.GetEnvironmentVariable("STREAMING_WRITE_CONTRACT") == "1";

    /// <summary>Whether the file is this text; it is when this run is there to write it.</summary>
    public static async Task<bool> Is(string path, string text)
    {
        var file = Path.Combine(Clone.Root, path);
        if (IsToBeWritten) await File.WriteAllTextAsync(file, text);
        return File.Exists(file) && await File.ReadAllTextAsync(file) == text;
    }
}
