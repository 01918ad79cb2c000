namespace Streaming.AppHost.Local;

/// <summary>
/// One running system of this clone, with data of its own. The first has .local/data, .local/logs and .local/run.json; one that is started
/// while the first runs has .local/data-2, .local/logs-2, .local/run-2.json, and so on.
/// </summary>
public sealed class Instance : IDisposable
{
    private readonly FileStream _claim;

    private Instance(string local, string suffix, FileStream claim)
    {
        _claim = claim;
        DataDirectory = Path.Combine(local, "data" + suffix);
        LogDirectory = Path.Combine(local, "logs" + suffix);
        RunFile = Path.Combine(local, $"run{suffix}.json");
        EnvironmentFile = Path.Combine(local, $"run{suffix}.env");
    }

    public string DataDirectory { get; }

    public string PostgresDirectory => Path.Combine(DataDirectory, "postgres");

    public string RedisDirectory => Path.Combine(DataDirectory, "redis");

    public string LogDirectory { get; }

    /// <summary>Where everything is, for scripts: there while the system is ready.</summary>
    public string RunFile { get; }

    /// <summary>The part of it that people type commands with, for a shell to read.</summary>
    public string EnvironmentFile { get; }

    /// <summary>Takes the first data directory that no running system holds, with its data or, <paramref name="fresh"/>, without.</summary>
    public static async Task<Instance> ClaimAsync(string local, bool fresh, CancellationToken stop = default)
    {
        try
        {
            Directory.CreateDirectory(local);
            var instance = Claim(local);
            instance.DeleteRunFiles();
            if (Directory.Exists(instance.LogDirectory)) Directory.Delete(instance.LogDirectory, recursive: true);
            if (fresh) await instance.DeleteDataAsync(stop);
            Directory.CreateDirectory(instance.DataDirectory);
            return instance;
        }
        catch (UnauthorizedAccessException refused)
        {
            throw new SetupException($"{local} belongs to another user: run as that user, or delete it ({refused.Message})");
        }
    }

    public void Dispose()
    {
        DeleteRunFiles();
        _claim.Dispose();
    }

    private static Instance Claim(string local)
    {
        for (var number = 1; ; number++)
        {
            var suffix = number == 1 ? "" : $"-{number}";
            try
            {
                // FileShare.None is a lock that the kernel takes back when the process ends, however it ends.
                return new Instance(local, suffix, File.Open(Path.Combine(local, $"data{suffix}.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
            }
            catch (IOException) when (number < 100)
            {
                // Another running system holds it.
            }
        }
    }

    private void DeleteRunFiles()
    {
        File.Delete(RunFile);
        File.Delete(EnvironmentFile);
    }

    private async Task DeleteDataAsync(CancellationToken stop)
    {
        await LocalPostgres.DeleteAsync(PostgresDirectory, stop);
        await LocalRedis.DeleteAsync(RedisDirectory, stop);
        if (Directory.Exists(DataDirectory)) Directory.Delete(DataDirectory, recursive: true);
    }
}
