namespace Streaming.AppHost.Local;

/// <summary>Where the source tree is, and what was built in it.</summary>
public static class Clone
{
    public static string Root { get; } = FindRoot();

    /// <summary>Everything that this machine keeps for the clone; git ignores it.</summary>
    public static string Local { get; } = Path.Combine(Root, ".local");

    /// <summary>The program of another project, built together with this one: artifacts/bin/PROJECT/CONFIGURATION/PROJECT.dll.</summary>
    public static string Program(string project)
    {
        var configuration = Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));
        return Path.Combine(Root, "artifacts", "bin", project, configuration, project + ".dll");
    }

    private static string FindRoot()
    {
        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
            if (File.Exists(Path.Combine(directory.FullName, "Streaming.sln"))) return directory.FullName;
        throw new SetupException($"There is no Streaming.sln above {AppContext.BaseDirectory}: run this from a clone.");
    }
}
