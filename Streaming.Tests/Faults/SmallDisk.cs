using Streaming.AppHost.Local;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Faults;

/// <summary>A file system that can be filled without harm to others.</summary>
public sealed class SmallDisk : IAsyncDisposable
{
    private SmallDisk(string path) => Path = path;

    public string Path { get; }

    private string Ballast => System.IO.Path.Combine(Path, "ballast");

    /// <returns>Null where we may not mount one: that takes root.</returns>
    public static async Task<SmallDisk?> TryMountAsync(int megabytes)
    {
        var path = TestDirectory.New("disk");
        return await Tool.RunAsync(new StartCommand("mount", "-t", "tmpfs", "-o", $"size={megabytes}m,mode=700", "tmpfs", path)) is (0, _) ? new SmallDisk(path) : null;
    }

    /// <summary>Until so many bytes are left.</summary>
    public async Task FillAsync(long leaving)
    {
        var free = new DriveInfo(Path).AvailableFreeSpace;
        await using var ballast = File.Create(Ballast);
        await ballast.WriteAsync(new byte[Math.Max(0, free - leaving)]);
    }

    public void Empty() => File.Delete(Ballast);

    public async ValueTask DisposeAsync()
    {
        await Tool.RunAsync(new StartCommand("umount", "-l", Path));
        TestDirectory.Delete(Path);
    }
}
