using System.Diagnostics;
using Streaming.AppHost.Local;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Security;

/// <summary>What runs in a container can be given a file system that nobody can write to: then there is nothing to plant and nothing to lose.</summary>
public sealed class ReadOnlyFilesTests
{
    // A namespace of its own, in which everything that is mounted is read-only but for what the kernel itself shows.
    private const string ReadOnly = """
        findmnt -rno TARGET | grep -Ev '^/(proc|sys|dev)(/|$)' | while read -r at; do mount -o remount,bind,ro "$at"; done
        for at in /tmp .; do ! touch "$at/written" 2>/dev/null || exit 1; done
        exec "$@"
        """;

    [NamespaceFact]
    public async Task A_broadcast_goes_from_the_key_to_the_end_where_no_file_can_be_written()
    {
        await using var auth = await AuthServer.Start();
        await using var system = await TestSystem.StartAsync(auth: auth, confine: command => command with
        {
            File = "unshare",
            Arguments = ["--mount", "--propagation", "private", "sh", "-c", ReadOnly, "sh", command.File, .. command.Arguments],
        });
        var (creator, _) = await system.NewLiveChannel();

        foreach (var process in new[] { system.Api, system.Worker }) Assert.StartsWith("ro,", await MountOptions(process), StringComparison.Ordinal);
        await system.LiveKit.Stop(creator.StreamKey);
        await Eventually.True(async () => !await creator.IsLive());
        foreach (var process in new[] { system.Api, system.Worker })
        {
            Assert.Equal(0, await process.TerminateAsync());
            Assert.DoesNotContain("Read-only file system", process.Log, StringComparison.Ordinal);
        }
    }

    private static async Task<string> MountOptions(ProcessUnderTest process) =>
        (await File.ReadAllLinesAsync($"/proc/{process.Id}/mountinfo")).Select(line => line.Split(' ')).Last(fields => fields[4] == "/")[5];

    private sealed class NamespaceFactAttribute : FactAttribute
    {
        public NamespaceFactAttribute()
        {
            using var attempt = Process.Start(new ProcessStartInfo("unshare", ["--mount", "true"]) { RedirectStandardError = true })!;
            attempt.WaitForExit();
            if (attempt.ExitCode != 0) Skip = "Mounting takes root: without it no file system can be made read-only for one process.";
        }
    }
}
