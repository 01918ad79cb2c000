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
        var viewers = new ViewerCounts(database.Source, redis);
        var channel = await database.NewChannel();

        Assert.Equal(0, (await viewers.Of(channel.Id, CancellationToken.None)).Viewers);
        await SomebodyJoins(database, channel.Id);
        Assert.Equal(0, (await viewers.Of(channel.Id, CancellationToken.None)).Viewers);

        await viewers.Refresh([channel.Id], CancellationToken.None);
        Assert.Equal(1, (await viewers.Of(channel.Id, CancellationToken.None)).Viewers);
    }

    [Fact]
    public async Task Without_Redis_every_reader_counts_for_himself()
    {
        await using var database = await TestDatabase.NewAsync();
        await using var server = await RedisServer.StartAsync();
        var options = ConfigurationOptions.Parse(server.ConnectionString);
        options.BacklogPolicy = BacklogPolicy.FailFast;
        await using var redis = await ConnectionMultiplexer.ConnectAsync(options);
        var viewers = new ViewerCounts(database.Source, redis);
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
