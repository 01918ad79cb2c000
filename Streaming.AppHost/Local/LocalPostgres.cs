using System.Security.Cryptography;
using System.Text;

namespace Streaming.AppHost.Local;

/// <summary>A PostgreSQL server of our own: the distribution's programs on a data directory of ours, on loopback only.</summary>
public sealed class LocalPostgres
{
    private const string DatabaseUser = "streaming";

    private static readonly string[] Fast = ["-c", "fsync=off", "-c", "full_page_writes=off"];

    private readonly string _programs;
    private readonly Secret _password;

    private LocalPostgres(string dataDirectory, int port, Secret password, bool fast)
    {
        (_programs, _password, DataDirectory, Port) = (Programs(dataDirectory), password, dataDirectory, port);
        Command = new StartCommand(
            Path.Combine(_programs, "postgres"),
            [
                "-D", dataDirectory, "-p", $"{port}",
                "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", $"max_connections={(fast ? 1000 : 200)}",
                .. fast ? Fast : [],
            ])
        {
            User = SystemUser,
            StopSignal = Signal.Interrupt, // "fast": ends the connections, then writes everything
            OrphanSignal = Signal.Interrupt,
        };
    }

    // PostgreSQL refuses to run as root; its package brings this user.
    private static string? SystemUser => Environment.IsPrivilegedProcess ? "postgres" : null;

    public string DataDirectory { get; }

    public int Port { get; }

    public StartCommand Command { get; }

    /// <summary>
    /// Makes the data directory if there is none, and ends a server that a killed run left on it.
    /// <paramref name="fast"/> is for tests, which share one: what is committed survives every kill of a process, but not a power cut.
    /// </summary>
    public static async Task<LocalPostgres> PrepareAsync(
        string directory, int port, Secret password, bool fast = false, CancellationToken stop = default)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(directory)!);
        var data = await WithinReachAsync(directory, stop);
        await LeftOver.EndAsync("postgres", data, stop);
        await AbandonedAsync(data, stop);

        var postgres = new LocalPostgres(data, port, password, fast);
        if (!Directory.Exists(data)) await postgres.CreateAsync(fast, stop);
        return postgres;
    }

    public static async Task DeleteAsync(string directory, CancellationToken stop = default)
    {
        var data = new DirectoryInfo(directory).LinkTarget ?? directory;
        await LeftOver.EndAsync("postgres", data, stop);
        if (Directory.Exists(data)) Directory.Delete(data, recursive: true);
        if (data != directory) Directory.Delete(directory);
    }

    public string ConnectionString(string database = "streamingdb") =>
        $"Host=127.0.0.1;Port={Port};Database={database};Username={DatabaseUser};Password={_password.Reveal()}";

    public async Task<bool> IsReadyAsync(CancellationToken stop = default)
    {
        var question = new StartCommand(Path.Combine(_programs, "pg_isready"), "-q", "-h", "127.0.0.1", "-p", $"{Port}");
        return await Tool.RunAsync(question, stop: stop) is (0, _);
    }

    private async Task CreateAsync(bool fast, CancellationToken stop)
    {
        // Made beside its place and then renamed: a start that is killed half way leaves nothing that looks like data.
        var unfinished = DataDirectory + ".unfinished";
        if (Directory.Exists(unfinished)) Directory.Delete(unfinished, recursive: true);
        await MustAsync(SystemUser is null
            ? new StartCommand("install", "-d", "-m", "700", unfinished)
            : new StartCommand("install", "-d", "-m", "700", "-o", SystemUser, "-g", SystemUser, unfinished));

        // The password comes through a pipe: on the command line or in a file, others could read it.
        await MustAsync(
            new StartCommand(
                "bash", "-c", "exec \"$0\" \"$@\" --pwfile=<(cat)", Path.Combine(_programs, "initdb"), "-D", unfinished, "-U", DatabaseUser,
                "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", fast ? "--no-sync" : "--data-checksums")
            { User = SystemUser },
            _password.Reveal());
        Directory.Move(unfinished, DataDirectory);

        async Task MustAsync(StartCommand command, string input = "")
        {
            if (await Tool.RunAsync(command, input, stop) is not (0, _) and var (_, output))
                throw new SetupException($"PostgreSQL's data directory {DataDirectory} cannot be made: {output.Trim()}");
        }
    }

    /// <summary>
    /// Started by root, PostgreSQL runs as its system user, for whom a clone below a closed directory (/root, say) is out of reach. Its data
    /// are then in that user's home, which is nobody else's to write to and survives a reboot (as /tmp does not), and a link stays in the clone.
    /// </summary>
    private static async Task<string> WithinReachAsync(string directory, CancellationToken stop)
    {
        if (new DirectoryInfo(directory).LinkTarget is { } chosenBefore) return chosenBefore;

        var parent = Path.GetDirectoryName(directory)!;
        if (SystemUser is null || await Tool.RunAsync(new StartCommand("test", "-x", parent) { User = SystemUser }, stop: stop) is (0, _))
            return directory;

        var (_, entry) = await Tool.RunAsync(new StartCommand("getent", "passwd", SystemUser), stop: stop);
        if (entry.Split(':') is not [_, _, _, _, _, var home, _]) throw NotInstalled;
        var elsewhere = Path.Combine(home, "streaming-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(directory)))[..12]);

        await DeleteAsync(elsewhere, stop); // of a clone that was here before
        Directory.CreateSymbolicLink(directory, elsewhere);
        return elsewhere;
    }

    /// <summary>
    /// After a kill of the server, the processes of its connections take a moment to notice. As long as one holds the shared memory,
    /// a new server refuses the data, and rightly so.
    /// </summary>
    private static async Task AbandonedAsync(string data, CancellationToken stop)
    {
        const string segments = "/proc/sysvipc/shm";
        var pidFile = Path.Combine(data, "postmaster.pid");
        if (!File.Exists(pidFile) || !File.Exists(segments)) return;
        if (Columns(File.ReadLines(pidFile).ElementAtOrDefault(6) ?? "") is not [_, var segment]) return;

        for (var wait = 0; wait < 200 && IsHeld(); wait++) await Task.Delay(50, stop);

        bool IsHeld() => File.ReadLines(segments).Select(Columns).Any(row => row is [_, var id, _, _, _, _, var holders, ..] && id == segment && holders != "0");
        static string[] Columns(string line) => line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
    }

    /// <summary>The newest that is installed, or the one that wrote the data.</summary>
    private static string Programs(string data)
    {
        const string distribution = "/usr/lib/postgresql";
        var installed = Directory.Exists(distribution) ? Directory.GetDirectories(distribution) : [];
        var versions = installed.Select(Path.GetFileName).Where(version => File.Exists($"{distribution}/{version}/bin/postgres")).ToArray();
        if (versions is []) throw NotInstalled;

        var writer = Path.Combine(data, "PG_VERSION") is var file && File.Exists(file) ? File.ReadAllText(file).Trim() : null;
        if (writer is not null && !versions.Contains(writer))
            throw new SetupException($"The data in {data} were written by PostgreSQL {writer}: install postgresql-{writer}, or start anew with ./run --fresh.");
        return $"{distribution}/{writer ?? versions.MaxBy(version => int.Parse(version!, null))}/bin";
    }

    private static SetupException NotInstalled => new("PostgreSQL is not installed: sudo apt-get install postgresql");
}
