using Google.Protobuf;
using Livekit.Server.Sdk.Dotnet;
using LiveKitSimulator;
using Microsoft.Extensions.Time.Testing;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Simulator;

public sealed class FaultTests
{
    private static readonly DeliveryFaultPlan Rough =
        new() { Drop = 0.2, Duplicate = 0.2, Reorder = 0.2, ReorderWindowMs = 50, Delay = 0.2, DelayMs = 20 };

    [Fact]
    public async Task The_same_seed_and_story_give_the_same_faults_and_another_seed_others()
    {
        var (first, second, other) = (await Played(seed: 7), await Played(seed: 7), await Played(seed: 8));

        Assert.Equal(first, second);
        Assert.NotEqual(first, other);
        Assert.Equal(["", "Delay", "Drop", "Duplicate", "Reorder"], first.Select(delivery => delivery.Split(' ')[1]).Distinct().Order());

        static async Task<IReadOnlyList<string>> Played(int seed)
        {
            await using var simulated = await Simulated.StartAsync();
            await simulated.Play.Faults(Rough with { Seed = seed });
            for (var i = 0; i < 15; i++)
            {
                await simulated.Play.ViewerJoins("room", $"viewer-{i}");
                await simulated.Play.ViewerLeaves("room", $"viewer-{i}");
            }

            await simulated.Events();
            return [.. (await simulated.Play.Deliveries()).Select(delivery => $"{delivery.Event} {delivery.Fault}")];
        }
    }

    [Fact]
    public async Task A_dropped_event_never_comes()
    {
        await using var simulated = await Simulated.StartAsync();
        await simulated.Play.Faults(new DeliveryFaultPlan { Drop = 1 });
        await simulated.Play.ViewerJoins("room", "viewer");

        Assert.Empty(await simulated.Events());
        var deliveries = await simulated.Play.Deliveries();
        Assert.Equal(2, deliveries.Count(delivery => delivery is { Outcome: DeliveryOutcome.Dropped, Fault: "Drop" }));
    }

    [Fact]
    public async Task A_duplicated_event_comes_twice_with_the_same_bytes()
    {
        await using var simulated = await Simulated.StartAsync();
        await simulated.Play.Faults(new DeliveryFaultPlan { Duplicate = 1 });
        await simulated.Rooms.CreateRoom(new CreateRoomRequest { Name = "room" });

        Assert.Equal(["room_started", "room_started"], await simulated.Events());
        Assert.Equal(simulated.Receiver.All[0].Text, simulated.Receiver.All[1].Text);
    }

    [Fact]
    public async Task A_reordered_event_is_overtaken_by_later_ones_of_its_queue()
    {
        var clock = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var simulated = await Simulated.StartAsync(options => options with { Time = clock });
        await simulated.Play.Faults(new DeliveryFaultPlan { Reorder = 1, ReorderWindowMs = 2_000 });
        await simulated.Play.ViewerJoins("room", "viewer");
        await simulated.Play.Faults(new DeliveryFaultPlan());
        await simulated.Play.ViewerLeaves("room", "viewer");
        await simulated.Receiver.Has(1);
        clock.Advance(TimeSpan.FromSeconds(3));

        Assert.Equal("participant_left", (await simulated.Events())[0]);
        Assert.Equal(["participant_joined", "participant_left", "room_started"], (await simulated.Events()).Order());
    }

    [Fact]
    public async Task A_delayed_event_holds_up_those_behind_it()
    {
        await using var simulated = await Simulated.StartAsync();
        await simulated.Play.Faults(new DeliveryFaultPlan { Delay = 1, DelayMs = 200 });
        await simulated.Rooms.CreateRoom(new CreateRoomRequest { Name = "room" });
        await simulated.Play.Faults(new DeliveryFaultPlan());
        await simulated.Rooms.DeleteRoom(new DeleteRoomRequest { Room = "room" });

        Assert.Equal(["room_started", "room_finished"], await simulated.Events());
        Assert.Equal(["Delay", null], (await simulated.Play.Deliveries()).Select(delivery => delivery.Fault));
    }

    [Theory]
    [InlineData(-0.1, 0)]
    [InlineData(0.6, 0.6)]
    [InlineData(double.NaN, 0)]
    public void Probabilities_that_are_none_are_refused(double drop, double duplicate) =>
        Assert.NotNull(new DeliveryFaultPlan { Drop = drop, Duplicate = duplicate }.Complaint());

    [Fact]
    public async Task A_call_can_find_nobody_there()
    {
        await using var simulated = await Simulated.StartAsync();
        await simulated.Play.ApiFault(new ApiFault { Mode = ApiFaultMode.Refuse });
        await Assert.ThrowsAsync<HttpRequestException>(() => simulated.Ingress("room"));
    }

    [Fact]
    public async Task A_call_can_be_refused_like_one_with_wrong_credentials()
    {
        await using var simulated = await Simulated.StartAsync();
        await simulated.Play.ApiFault(new ApiFault { Mode = ApiFaultMode.Unauthorized });
        Assert.Equal(Twirp.ErrorCode.Unknown, (await Assert.ThrowsAsync<Twirp.Exception>(() => simulated.Ingress("room"))).Type);
    }

    [Fact]
    public async Task A_call_can_be_answered_with_nonsense()
    {
        await using var simulated = await Simulated.StartAsync();
        await simulated.Play.ApiFault(new ApiFault { Mode = ApiFaultMode.Nonsense });
        await Assert.ThrowsAsync<InvalidProtocolBufferException>(() => simulated.Ingress("room"));
    }

    [Fact]
    public async Task A_call_can_fail_with_any_of_Twirps_codes()
    {
        await using var simulated = await Simulated.StartAsync();
        await simulated.Play.ApiFault(new ApiFault { Mode = ApiFaultMode.Error, Code = "resource_exhausted" });
        Assert.Equal(Twirp.ErrorCode.Resource_Exhausted, (await Assert.ThrowsAsync<Twirp.Exception>(() => simulated.Ingress("room"))).Type);
        var unknown = new ApiFault { Mode = ApiFaultMode.Error, Code = "no such code" };
        await Assert.ThrowsAsync<InvalidOperationException>(() => simulated.Play.ApiFault(unknown));
    }

    [Theory]
    [InlineData(ApiFaultMoment.Before, 0)]
    [InlineData(ApiFaultMoment.After, 1)]
    public async Task An_answer_that_is_lost_may_belong_to_a_call_that_was_performed(ApiFaultMoment when, int ingresses)
    {
        await using var simulated = await Simulated.StartAsync();
        await simulated.Play.ApiFault(new ApiFault { Mode = ApiFaultMode.Refuse, When = when, Method = "CreateIngress", Times = 1 });

        await Assert.ThrowsAsync<HttpRequestException>(() => simulated.Ingress("room"));

        Assert.Equal(ingresses, (await simulated.Ingresses.ListIngress(new ListIngressRequest())).Items.Count);
    }

    [Fact]
    public async Task A_slow_call_times_out_at_the_client_and_is_performed_all_the_same()
    {
        await using var simulated = await Simulated.StartAsync();
        await simulated.Play.ApiFault(new ApiFault { Mode = ApiFaultMode.Slow, When = ApiFaultMoment.After, DelayMs = 60_000, Times = 1 });
        using var http = new HttpClient(new SocketsHttpHandler()) { Timeout = TimeSpan.FromSeconds(1) };
        var impatient = new RoomServiceClient(simulated.Host.Address.ToString(), "devkey", simulated.Host.Options.ApiSecret.Reveal(), http);

        await Assert.ThrowsAsync<TaskCanceledException>(() => impatient.CreateRoom(new CreateRoomRequest { Name = "room" }));

        await Eventually.True(async () => (await simulated.Rooms.ListRooms(new ListRoomsRequest())).Rooms.Count == 1);
    }

    [Fact]
    public async Task A_fault_strikes_only_its_method_and_only_so_often()
    {
        await using var simulated = await Simulated.StartAsync();
        await simulated.Play.ApiFault(new ApiFault { Mode = ApiFaultMode.Error, Method = "CreateIngress", Times = 2 });

        await simulated.Rooms.CreateRoom(new CreateRoomRequest { Name = "room" });
        for (var i = 0; i < 2; i++) await Assert.ThrowsAsync<Twirp.Exception>(() => simulated.Ingress("room"));
        await simulated.Ingress("room");

        await simulated.Play.ApiFault(new ApiFault { Mode = ApiFaultMode.Error });
        await simulated.Play.NoApiFaults();
        await simulated.Ingress("room");
        Assert.Equal(["ok", "fault: Error", "fault: Error", "ok", "ok"], (await simulated.Play.Calls()).Select(call => call.Result));
    }
}
