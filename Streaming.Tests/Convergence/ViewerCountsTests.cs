using System.Diagnostics;
using Microsoft.Extensions.Time.Testing;
using StackExchange.Redis;
using Streaming.Core.Events;
using Streaming.Core.LiveKit;
using Streaming.Core.Viewers;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Convergence;

public sealed class ViewerCountsTests
{
    [Fact]
    public async Task A_count_that_a_reader_had_to_make_serves_the_next_readers_until_a_worker_counts_again()
    {
        await using var database = await TestDatabase.NewAsync();
        await using var redis = await ConnectionMultiplexer.ConnectAsync((await RedisServer.Shared).ConnectionString);
        var viewers = new ViewerCounts(database.Source, redis, TimeProvider.System);
        var channel = await database.NewChannel();

        Assert.Equal(0, (await viewers.Of(channel.Id, CancellationToken.None)).Viewers);
        await SomebodyJoins(database, channel.Id);
        Assert.Equal(0, (await viewers.Of(channel.Id, CancellationToken.None)).Viewers);

        await viewers.Refresh([channel.Id], CancellationToken.None);
        Assert.Equal(1, (await viewers.Of(channel.Id, CancellationToken.None)).Viewers);
    }

    [Fact]
    public async Task What_expires_soon_is_counted_again_behind_the_back_of_who_reads_many()
    {
        await using var database = await TestDatabase.NewAsync();
        await using var redis = await ConnectionMultiplexer.ConnectAsync((await RedisServer.Shared).ConnectionString);
        var channel = await database.NewChannel();
        var now = new ViewerCounts(database.Source, redis, TimeProvider.System);
        Assert.Equal(0, (await now.Of([channel.Id], CancellationToken.None))[0].Viewers);
        await SomebodyJoins(database, channel.Id);
        Assert.Equal(0, (await now.Of([channel.Id], CancellationToken.None))[0].Viewers); // fresh, as far as anybody knows

        var later = new ViewerCounts(database.Source, redis, new FakeTimeProvider(TimeProvider.System.GetUtcNow().AddSeconds(11)));
        var watch = Stopwatch.StartNew();
        Assert.Equal(0, (await later.Of([channel.Id], CancellationToken.None))[0].Viewers);
        await Eventually.Equal(1, async () => (await later.Of([channel.Id], CancellationToken.None))[0].Viewers);
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, ViewerCounts.CacheFor / 2);
    }

    [Fact]
    public async Task Without_Redis_every_reader_counts_for_himself()
    {
        await using var database = await TestDatabase.NewAsync();
        await using var server = await RedisServer.StartAsync();
        var options = ConfigurationOptions.Parse(server.ConnectionString);
        options.BacklogPolicy = BacklogPolicy.FailFast;
        await using var redis = await ConnectionMultiplexer.ConnectAsync(options);
        var viewers = new ViewerCounts(database.Source, redis, TimeProvider.System);
        var channel = await database.NewChannel();
        await server.KillAsync();

        Assert.Equal(0, (await viewers.Of(channel.Id, CancellationToken.None)).Viewers);
        await SomebodyJoins(database, channel.Id);
        Assert.Equal(1, (await viewers.Of(channel.Id, CancellationToken.None)).Viewers);
    }

    private static async Task SomebodyJoins(TestDatabase database, Guid channel)
    {
        var applier = new EventApplier(database.Source);
        foreach (var body in Captured.BodiesFor("rtmp-obs-one-viewer", channel, "someone", $"~{channel:N}~"))
        {
            var @event = WireEvent.Read(body);
            if (@event.Kind == EventKinds.ParticipantLeft) return;
            await applier.Apply([new QueuedEvent(@event.Id, @event, @event.CreatedAt, null)], CancellationToken.None);
        }
    }
}
