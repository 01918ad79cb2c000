using Livekit.Server.Sdk.Dotnet;
using LiveKitSimulator;
using Microsoft.Extensions.Time.Testing;
using static Livekit.Server.Sdk.Dotnet.IngressState.Types;

namespace Streaming.Tests.Simulator;

/// <summary>What LiveKit does to ingresses that no capture shows: the traps that the product has to survive.</summary>
public sealed class IngressTests
{
    [Theory]
    [InlineData(IngressInput.RtmpInput, "rtmp://127.0.0.1:1935/x", true)]
    [InlineData(IngressInput.WhipInput, "http://127.0.0.1:8080/w", false)]
    public async Task A_new_ingress_has_an_id_a_key_and_a_URL(IngressInput input, string url, bool transcodes)
    {
        await using var simulated = await Simulated.StartAsync(options => options with { StreamKeyPrefix = "sk_CANARY_" });

        var ingress = await simulated.Ingress("room", input);

        Assert.Matches("^IN_[0-9A-Za-z]{12}$", ingress.IngressId);
        Assert.Matches("^sk_CANARY_[0-9A-Za-z]{12}$", ingress.StreamKey);
        Assert.Equal((url, true, transcodes), (ingress.Url, ingress.Reusable, ingress.EnableTranscoding));
        Assert.Equal(ingress, Assert.Single((await simulated.Ingresses.ListIngress(new ListIngressRequest { RoomName = "room" })).Items));
        Assert.Empty((await simulated.Ingresses.ListIngress(new ListIngressRequest { RoomName = "another" })).Items);
        Assert.Empty(await simulated.Events());
    }

    [Fact]
    public async Task An_ingress_without_an_identity_or_with_impossible_options_is_refused()
    {
        await using var simulated = await Simulated.StartAsync();
        foreach (var request in new CreateIngressRequest[]
        {
            new() { RoomName = "room" },
            new() { RoomName = "room", ParticipantIdentity = "i", EnableTranscoding = false },
            new()
            {
                RoomName = "room",
                ParticipantIdentity = "i",
                InputType = IngressInput.WhipInput,
                Video = new IngressVideoOptions { Preset = IngressVideoEncodingPreset.H264540P25Fps2Layers },
            },
        })
        {
            var refusal = await Assert.ThrowsAsync<Twirp.Exception>(() => simulated.Ingresses.CreateIngress(request));
            Assert.Equal(Twirp.ErrorCode.Invalid_Argument, refusal.Type);
        }
    }

    [Fact]
    public async Task A_live_ingress_is_a_participant_that_names_its_ingress_and_its_connection()
    {
        await using var simulated = await Simulated.StartAsync();
        var ingress = await simulated.Ingress("room");

        var live = await simulated.Play.GoLive(ingress.StreamKey);

        var publisher = Assert.Single(await simulated.Participants("room"));
        Assert.Equal((ParticipantInfo.Types.Kind.Ingress, "ingress:room"), (publisher.Kind, publisher.Identity));
        Assert.True(publisher.IsPublisher);
        Assert.Equal(ingress.IngressId, publisher.Attributes["ingress.ingressID"]);
        Assert.Equal(live.ResourceId, publisher.Attributes["ingress.resourceID"]);
        Assert.Equal([TrackType.Audio, TrackType.Video], publisher.Tracks.Select(track => track.Type));
        var state = await simulated.State(ingress.IngressId);
        Assert.Equal((Status.EndpointPublishing, live.ResourceId), (state.Status, state.ResourceId));
    }

    [Fact]
    public async Task A_second_encoder_takes_over_and_the_end_of_the_first_is_never_told()
    {
        await using var simulated = await Simulated.StartAsync();
        var ingress = await simulated.Ingress("room");
        var first = await simulated.Play.GoLive(ingress.StreamKey);
        var second = await simulated.Play.TakeOver(ingress.StreamKey);

        var events = await simulated.Events();

        Assert.NotEqual(first.ResourceId, second.ResourceId);
        Assert.Equal(2, events.Count(name => name == "ingress_started"));
        Assert.DoesNotContain("ingress_ended", events);
        var left = Assert.Single(simulated.Receiver.All, request => request.Event == "participant_left");
        Assert.Contains("\"disconnectReason\":\"DUPLICATE_IDENTITY\"", left.Text);
        Assert.Equal(second.ParticipantSid, Assert.Single(await simulated.Participants("room")).Sid);
    }

    [Fact]
    public async Task Deleting_a_live_ingress_cuts_the_stream_without_saying_that_it_ended()
    {
        await using var simulated = await Simulated.StartAsync();
        var ingress = await simulated.Ingress("room");
        await simulated.Play.GoLive(ingress.StreamKey);

        await simulated.Ingresses.DeleteIngress(new DeleteIngressRequest { IngressId = ingress.IngressId });

        var events = await simulated.Events();
        Assert.Equal(["track_unpublished", "track_unpublished", "participant_left"], events.TakeLast(3));
        Assert.DoesNotContain("ingress_ended", events);
        Assert.Empty(await simulated.Participants("room"));
        Assert.Equal("ingress not found", (await simulated.Play.GoLive(ingress.StreamKey)).Error);
    }

    [Fact]
    public async Task Updating_a_live_ingress_kills_its_session_whatever_is_changed()
    {
        await using var simulated = await Simulated.StartAsync();
        var ingress = await simulated.Ingress("room");
        await simulated.Play.GoLive(ingress.StreamKey);

        var updated = await simulated.Ingresses.UpdateIngress(new() { IngressId = ingress.IngressId, Name = "another name" });

        Assert.Equal(("another name", ingress.StreamKey), (updated.Name, updated.StreamKey));
        Assert.Contains("ingress_ended", await simulated.Events());
        Assert.Empty(await simulated.Participants("room"));
        Assert.Equal(Status.EndpointInactive, (await simulated.State(ingress.IngressId)).Status);
    }

    [Fact]
    public async Task A_disabled_ingress_keeps_its_key_and_refuses_whoever_has_it()
    {
        await using var simulated = await Simulated.StartAsync();
        var ingress = await simulated.Ingress("room");
        await simulated.Ingresses.UpdateIngress(new UpdateIngressRequest { IngressId = ingress.IngressId, Enabled = false });

        Assert.Equal("session is disabled", (await simulated.Play.GoLive(ingress.StreamKey)).Error);
        Assert.Equal(["ingress_ended"], await simulated.Events());
        Assert.Empty(await simulated.Participants("room"));

        await simulated.Ingresses.UpdateIngress(new UpdateIngressRequest { IngressId = ingress.IngressId, Enabled = true });
        Assert.True((await simulated.Play.GoLive(ingress.StreamKey)).Accepted);
    }

    [Fact]
    public async Task After_a_refused_connection_the_API_says_error_while_the_stream_goes_on()
    {
        await using var simulated = await Simulated.StartAsync();
        var ingress = await simulated.Ingress("room");
        var live = await simulated.Play.GoLive(ingress.StreamKey);
        var refused = await simulated.Play.RefusedConnectionWhileLive(ingress.StreamKey);

        var state = await simulated.State(ingress.IngressId);
        Assert.Equal((Status.EndpointError, "invalid ingress type", refused.ResourceId), (state.Status, state.Error, state.ResourceId));
        Assert.Equal(live.ParticipantSid, Assert.Single(await simulated.Participants("room")).Sid);

        // The next refusal changes no status, and the stream's true end is out of date: neither is told.
        await simulated.Play.RefusedConnectionWhileLive(ingress.StreamKey);
        await simulated.Play.Stop(ingress.StreamKey);
        Assert.Single(await simulated.Events(), name => name == "ingress_ended");
        Assert.Equal(Status.EndpointError, (await simulated.State(ingress.IngressId)).Status);
    }

    [Fact]
    public async Task After_a_refused_connection_neither_an_update_nor_a_deletion_reaches_the_publisher()
    {
        await using var simulated = await Simulated.StartAsync();
        var ingress = await simulated.Ingress("room");
        await simulated.Play.GoLive(ingress.StreamKey);
        await simulated.Play.RefusedConnectionWhileLive(ingress.StreamKey);

        await simulated.Ingresses.UpdateIngress(new UpdateIngressRequest { IngressId = ingress.IngressId, Enabled = false });
        Assert.Equal(2, (await simulated.Events()).Count(name => name == "ingress_ended"));
        await simulated.Ingresses.DeleteIngress(new DeleteIngressRequest { IngressId = ingress.IngressId });
        Assert.Single(await simulated.Participants("room"));

        await simulated.Rooms.RemoveParticipant(new RoomParticipantIdentity { Room = "room", Identity = "ingress:room" });
        Assert.Empty(await simulated.Participants("room"));
    }

    [Fact]
    public async Task Removing_the_publisher_ends_its_ingress_with_an_error()
    {
        await using var simulated = await Simulated.StartAsync();
        var ingress = await simulated.Ingress("room");
        await simulated.Play.GoLive(ingress.StreamKey);

        await simulated.Rooms.RemoveParticipant(new RoomParticipantIdentity { Room = "room", Identity = "ingress:room" });

        Assert.Contains("ingress_ended", await simulated.Events());
        var state = await simulated.State(ingress.IngressId);
        Assert.Equal((Status.EndpointError, "room disconnected"), (state.Status, state.Error));
    }

    [Fact]
    public async Task A_frozen_encoder_stays_publishing_until_a_watchdog_notices()
    {
        var clock = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var simulated = await Simulated.StartAsync(options => options with { Time = clock });
        var ingress = await simulated.Ingress("room");
        await simulated.Play.GoLive(ingress.StreamKey);
        await simulated.Play.EncoderFrozen(ingress.StreamKey);
        clock.Advance(TimeSpan.FromSeconds(60));

        Assert.DoesNotContain("ingress_ended", await simulated.Events());
        Assert.Equal(Status.EndpointPublishing, (await simulated.State(ingress.IngressId)).Status);
        clock.Advance(TimeSpan.FromSeconds(60));
        Assert.Contains("ingress_ended", await simulated.Events());
    }

    [Fact]
    public async Task An_unknown_key_is_refused_without_a_webhook()
    {
        await using var simulated = await Simulated.StartAsync();
        Assert.Equal("ingress not found", (await simulated.Play.GoLive("no such key")).Error);
        Assert.Empty(await simulated.Events());
    }

    [Fact]
    public async Task Two_simulators_do_not_know_of_each_other()
    {
        await using var one = await Simulated.StartAsync();
        await using var other = await Simulated.StartAsync();
        var ingress = await one.Ingress("room");
        Assert.False((await other.Play.GoLive(ingress.StreamKey)).Accepted);
        Assert.Empty((await other.Ingresses.ListIngress(new ListIngressRequest())).Items);
    }
}
