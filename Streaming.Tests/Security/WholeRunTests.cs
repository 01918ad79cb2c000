using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Security;

/// <summary>Runs after what runs side by side, so that the system that most tests share has seen all of them.</summary>
[CollectionDefinition(nameof(WholeRunTests), DisableParallelization = true)]
[Collection(nameof(WholeRunTests))]
public sealed class WholeRunTests
{
    [Fact]
    public async Task Nothing_that_the_whole_run_has_left_behind_holds_a_secret_or_a_title()
    {
        var shared = await TestSystem.Shared;
        await (await shared.NewChannel()).Info();

        await Leaks.Sweep(shared); // each of the others was searched when it was thrown away

        Assert.True(Leaks.Sweeps > 0);
    }

    [Fact]
    public async Task A_secret_that_is_left_behind_is_found()
    {
        await using var system = await TestSystem.StartAsync(withWorker: false);
        var creator = await system.NewChannel();
        async Task Plant(string sql)
        {
            await using var command = system.Database.Source.CreateCommand(sql);
            await command.ExecuteNonQueryAsync();
        }

        foreach (var planted in new[] { creator.StreamKey, TestSystem.TurnPrefix + "x", await system.Token("somebody"), system.LiveKitHost.Options.ApiSecret.Reveal() })
        {
            await Plant($"update channels set title = '{planted[..Math.Min(planted.Length, 390)]}'");
            await Assert.ThrowsAnyAsync<Exception>(() => Leaks.Sweep(system));
            if (planted.Contains("CANARY", StringComparison.Ordinal)) await Assert.ThrowsAnyAsync<Exception>(creator.Info);
        }
        await Plant("update channels set title = 'Good again'");
    }
}
