using System.Net;
using LiveKitSimulator;
using Microsoft.Extensions.Time.Testing;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Simulator;

public sealed class WebhookDeliveryTests
{
    [Theory]
    [InlineData(500)]
    [InlineData(503)]
    [InlineData(429)]
    public async Task A_failed_webhook_is_tried_five_times_over_fifteen_seconds_and_then_given_up(int answer)
    {
        await using var simulated = await Jumping();
        simulated.Receiver.Answer = (_, _) => Task.FromResult(answer);

        var delivery = await DeliveryOfOneEvent(simulated);

        Assert.Equal(DeliveryOutcome.GaveUp, delivery.Outcome);
        Assert.Equal([0, 1, 3, 7, 15], Seconds(delivery));
    }

    [Theory]
    [InlineData(503)]
    [InlineData(429)]
    public async Task Retry_After_sets_the_pace_of_the_retries(int answer)
    {
        await using var simulated = await Jumping();
        simulated.Receiver.Answer = (_, response) =>
        {
            response.Headers.RetryAfter = "2";
            return Task.FromResult(answer);
        };

        Assert.Equal([0, 2, 4, 6, 8], Seconds(await DeliveryOfOneEvent(simulated)));
    }

    [Theory]
    [InlineData(200)]
    [InlineData(204)]
    [InlineData(400)]
    [InlineData(401)]
    [InlineData(404)]
    [InlineData(413)]
    [InlineData(501)]
    public async Task Every_other_answer_counts_as_sent(int answer)
    {
        await using var simulated = await Jumping();
        simulated.Receiver.Answer = (_, _) => Task.FromResult(answer);

        var delivery = await DeliveryOfOneEvent(simulated);

        Assert.Equal(DeliveryOutcome.Sent, delivery.Outcome);
        Assert.Equal(answer, Assert.Single(delivery.Attempts).Status);
    }

    [Fact]
    public async Task Nobody_listening_is_tried_like_a_failure()
    {
        await using var simulated = await Jumping(options => options with { Webhooks = [new Uri("http://127.0.0.1:9/nobody")] });

        var delivery = await DeliveryOfOneEvent(simulated);

        Assert.Equal(DeliveryOutcome.GaveUp, delivery.Outcome);
        Assert.All(delivery.Attempts, attempt => Assert.Null(attempt.Status));
        Assert.Equal([0, 1, 3, 7, 15], Seconds(delivery));
    }

    [Fact]
    public async Task A_redirect_is_followed_with_the_same_token()
    {
        await using var elsewhere = await Receiver.StartAsync();
        await using var simulated = await Jumping();
        simulated.Receiver.Answer = (_, response) =>
        {
            response.Headers.Location = elsewhere.Url.ToString();
            return Task.FromResult((int)HttpStatusCode.TemporaryRedirect);
        };

        var delivery = await DeliveryOfOneEvent(simulated);

        Assert.Equal(DeliveryOutcome.Sent, delivery.Outcome);
        Assert.Equal(simulated.Receiver.All.Single().Authorization, elsewhere.All.Single().Authorization);
    }

    [Fact]
    public async Task A_queue_is_strictly_in_order_and_the_next_event_waits_for_the_one_before()
    {
        await using var simulated = await Simulated.StartAsync();
        var release = new TaskCompletionSource();
        simulated.Receiver.Answer = async (_, _) =>
        {
            await release.Task;
            return 200;
        };

        await simulated.Play.ViewerJoins("room", "viewer");
        await simulated.Play.ViewerLeaves("room", "viewer");
        var ingress = await simulated.Ingress("elsewhere");
        await simulated.Play.RefusedStart(ingress.StreamKey);
        await Eventually.True(async () => (await simulated.Play.Deliveries()).Count == 4);
        release.SetResult();

        var received = await simulated.Receiver.Has(4);
        var ofRoom = received.Where(one => one.Key == "room").Select(one => one.Event);
        Assert.Equal(["room_started", "participant_joined", "participant_left"], ofRoom);
    }

    [Fact]
    public async Task One_queue_standing_still_does_not_hold_up_another()
    {
        await using var simulated = await Simulated.StartAsync();
        var release = new TaskCompletionSource();
        simulated.Receiver.Answer = async (request, _) =>
        {
            if (request.Key == "stuck") await release.Task;
            return 200;
        };

        await simulated.Rooms.CreateRoom(new() { Name = "stuck" });
        await simulated.Rooms.CreateRoom(new() { Name = "free" });

        Assert.Equal("free", (await simulated.Receiver.Has(1))[0].Key);
        release.SetResult();
    }

    [Fact]
    public async Task An_event_older_than_thirty_seconds_at_its_turn_is_dropped_unsent()
    {
        var clock = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var simulated = await Simulated.StartAsync(options => options with { Time = clock });
        var (arrived, release) = (new TaskCompletionSource(), new TaskCompletionSource());
        simulated.Receiver.Answer = async (_, _) =>
        {
            arrived.TrySetResult();
            await release.Task;
            return 200;
        };
        await simulated.Play.ViewerJoins("room", "first");
        await arrived.Task;

        clock.Advance(TimeSpan.FromSeconds(2));
        await simulated.Play.ViewerJoins("room", "second");
        clock.Advance(TimeSpan.FromSeconds(29));
        release.SetResult();

        Assert.Equal(["room_started", "participant_joined"], await simulated.Events());
        Assert.Contains("\"second\"", simulated.Receiver.All[1].Text);
        Assert.Equal(
            [DeliveryOutcome.Sent, DeliveryOutcome.TooOld, DeliveryOutcome.Sent],
            (await simulated.Play.Deliveries()).Select(delivery => delivery.Outcome));
    }

    [Fact]
    public async Task A_full_queue_loses_the_newest_events()
    {
        await using var simulated = await Simulated.StartAsync(options => options with { MaxQueueDepth = 2 });
        var (arrived, release) = (new TaskCompletionSource(), new TaskCompletionSource());
        simulated.Receiver.Answer = async (_, _) =>
        {
            arrived.TrySetResult();
            await release.Task;
            return 200;
        };
        await simulated.Rooms.CreateRoom(new() { Name = "room" });
        await arrived.Task;
        for (var i = 0; i < 4; i++) await simulated.Play.ViewerJoins("room", $"viewer-{i}");
        release.SetResult();

        Assert.Equal(["room_started", "participant_joined", "participant_joined"], await simulated.Events());
        Assert.Equal(2, (await simulated.Play.Deliveries()).Count(delivery => delivery.Outcome is DeliveryOutcome.QueueFull));
    }

    [Fact]
    public async Task A_killed_LiveKit_forgets_what_it_had_not_sent()
    {
        await using var simulated = await Simulated.StartAsync();
        var (arrived, release) = (new TaskCompletionSource(), new TaskCompletionSource());
        simulated.Receiver.Answer = async (_, _) =>
        {
            arrived.TrySetResult();
            await release.Task;
            return 200;
        };
        await simulated.Play.ViewerJoins("room", "viewer");
        await arrived.Task;

        await simulated.Play.LiveKitKilledAndRestarted();
        release.SetResult();

        await simulated.Events();
        var deliveries = await simulated.Play.Deliveries();
        var events = deliveries.Select(delivery => delivery.Event);
        Assert.Equal(["room_started", "participant_joined", "room_started", "participant_joined"], events);
        Assert.Equal(
            [DeliveryOutcome.Lost, DeliveryOutcome.Lost, DeliveryOutcome.Sent, DeliveryOutcome.Sent],
            deliveries.Select(delivery => delivery.Outcome));
    }

    private static Task<Simulated> Jumping(Func<SimulatorOptions, SimulatorOptions>? change = null) =>
        Simulated.StartAsync(options => (change?.Invoke(options) ?? options) with { Time = new JumpingClock() });

    // A refused start makes one event and starts no timer.
    private static async Task<Delivery> DeliveryOfOneEvent(Simulated simulated)
    {
        await simulated.Play.RefusedStart((await simulated.Ingress("room")).StreamKey);
        await simulated.Events();
        return Assert.Single(await simulated.Play.Deliveries());
    }

    private static IEnumerable<int> Seconds(Delivery delivery) =>
        delivery.Attempts.Select(attempt => (int)(attempt.At - delivery.Attempts[0].At).TotalSeconds);
}
