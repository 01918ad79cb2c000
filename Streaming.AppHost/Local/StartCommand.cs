namespace Streaming.AppHost.Local;

/// <summary>How one process is started. Secrets go into <see cref="Environment"/>: arguments are readable by every user of the machine.</summary>
public sealed record StartCommand(string File, params string[] Arguments)
{
    /// <summary>The system user to run it as; null is the present one.</summary>
    public string? User { get; init; }

    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>Servers that run as another user may be unable to enter ours. For a .NET host it is also where its appsettings.json is.</summary>
    public string WorkingDirectory { get; init; } = "/";

    /// <summary>What asks it to stop.</summary>
    public Signal StopSignal { get; init; } = Signal.Terminate;

    /// <summary>What it gets when the process that started it is killed and can no longer ask.</summary>
    public Signal OrphanSignal { get; init; } = Signal.Kill;

    public static StartCommand Dotnet(string dll, params string[] arguments) =>
        new("dotnet", [dll, .. arguments]) { WorkingDirectory = Path.GetDirectoryName(dll)! };

    /// <summary>File and arguments as they are run, with the change of user.</summary>
    public string[] Line(bool dieWithParent = false)
    {
        string[] privileges =
        [
            .. User is null ? [] : new[] { "--reuid", User, "--regid", User, "--init-groups" },
            .. dieWithParent ? new[] { "--pdeathsig", OrphanSignal.Name() } : [],
        ];
        return privileges is [] ? [File, .. Arguments] : ["setpriv", .. privileges, "--", File, .. Arguments];
    }
}
