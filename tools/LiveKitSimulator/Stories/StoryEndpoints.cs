using Microsoft.AspNetCore.Http.HttpResults;

namespace LiveKitSimulator;

/// <summary>The control side: every story as a POST, and what tests look at afterwards. It trusts whoever can reach it.</summary>
public static class StoryEndpoints
{
    public static void MapStories(this IEndpointRouteBuilder routes)
    {
        var story = routes.MapGroup("/simulator");

        story.MapPost("/go-live", (EncoderAtKey who, Stories stories) => Try(who, stories.GoLive));
        story.MapPost("/takeover", (EncoderAtKey who, Stories stories) => Try(who, stories.TakeOver));
        story.MapPost("/duplicate-ingress-started", (EncoderAtKey who, Stories stories) => Try(who, stories.DuplicateIngressStarted));
        story.MapPost("/refused-connection-while-live", (EncoderAtKey who, Stories stories) =>
            Try(who, stories.RefusedConnectionWhileLive));
        story.MapPost("/refused-start", (EncoderAtKey who, Stories stories) => Try(who, stories.RefusedStart));
        story.MapPost("/stop", (EncoderAtKey who, Stories stories) => Done(stories.Stop(who)));
        story.MapPost("/encoder-killed", (EncoderAtKey who, Stories stories) => Done(stories.EncoderKilled(who)));
        story.MapPost("/encoder-frozen", (EncoderAtKey who, Stories stories) => Done(stories.EncoderFrozen(who)));
        story.MapPost("/delete-while-live", (EncoderAtKey who, Stories stories) => Done(stories.DeleteWhileLive(who)));
        story.MapPost("/url-input-fails", (UrlInput input, Stories stories) => stories.UrlInputFails(input));

        story.MapPost("/viewer-joins", (Newcomer newcomer, Stories stories) => stories.ViewerJoins(newcomer));
        story.MapPost("/viewer-leaves", (Someone who, Stories stories) => Done(stories.Leaves(who)));
        story.MapPost("/viewer-killed", (KilledClient who, Stories stories) => Done(stories.ViewerKilled(who)));
        story.MapPost("/browser-creator", (Newcomer newcomer, Stories stories) => stories.BrowserCreator(newcomer));
        story.MapPost("/browser-creator-leaves", (Someone who, Stories stories) => Done(stories.Leaves(who)));
        story.MapPost("/connection-aborted", (Newcomer newcomer, Stories stories) => stories.ConnectionAborted(newcomer));
        story.MapPost("/same-identity-joins-twice", (Someone who, Stories stories) => Found(stories.SameIdentityJoinsTwice(who)));

        story.MapPost("/room-deleted", (RoomName room, Stories stories) => Done(stories.RoomDeleted(room)));
        story.MapPost("/participant-removed", (Someone who, Stories stories) => Done(stories.ParticipantRemoved(who)));
        story.MapPost("/livekit-killed-and-restarted", (LiveKitRestart how, Stories stories) => stories.LiveKitKilledAndRestarted(how));

        story.MapGet("/faults", (DeliveryFaults faults) => faults.Plan);
        story.MapPost("/faults", SetFaults);
        story.MapPost("/api-faults", SetApiFault);
        story.MapDelete("/api-faults", (ApiFaults faults) => faults.Set(new ApiFault()));

        story.MapGet("/deliveries", (Webhooks webhooks) => webhooks.Deliveries);
        story.MapDelete("/deliveries", (Webhooks webhooks) => webhooks.ClearRecords());
        story.MapGet("/idle", WaitUntilIdle);
        story.MapGet("/calls", (TwirpCalls calls) => calls.All);
        story.MapDelete("/calls", (TwirpCalls calls) => calls.Clear());
        story.MapGet("/data", (Rooms rooms) => rooms.Sent);
        story.MapGet("/health", () => TypedResults.Ok());
    }

    private static Results<Ok<Connection>, NotFound<Problem>, BadRequest<Problem>> Try(
        EncoderAtKey who, Func<EncoderAtKey, Connection?> act) =>
        who.Encoder?.Complaint() is { } complaint ? TypedResults.BadRequest(new Problem(complaint))
        : act(who) is { } connection ? TypedResults.Ok(connection)
        : TypedResults.NotFound(new Problem("Nobody is live with this key."));

    private static Results<Ok<Joined>, NotFound<Problem>> Found(Joined? joined) =>
        joined is null ? TypedResults.NotFound(new Problem("There is nobody of this identity.")) : TypedResults.Ok(joined);

    private static Results<Ok, NotFound<Problem>> Done(bool done) =>
        done ? TypedResults.Ok() : TypedResults.NotFound(new Problem("There is nobody there to do this."));

    private static Results<Ok, BadRequest<Problem>> SetFaults(DeliveryFaultPlan plan, DeliveryFaults faults)
    {
        if (plan.Complaint() is { } complaint) return TypedResults.BadRequest(new Problem(complaint));
        faults.Plan = plan;
        return TypedResults.Ok();
    }

    private static Results<Ok, BadRequest<Problem>> SetApiFault(ApiFault fault, ApiFaults faults)
    {
        if (fault.Complaint() is { } complaint) return TypedResults.BadRequest(new Problem(complaint));
        faults.Set(fault);
        return TypedResults.Ok();
    }

    // Real time on purpose: a test waits here for real deliveries.
    private static async Task<Idle> WaitUntilIdle(Webhooks webhooks, CancellationToken stop, int timeoutMs = 0)
    {
        var deadline = TimeProvider.System.GetUtcNow().AddMilliseconds(Math.Clamp(timeoutMs, 0, 600_000));
        while (webhooks.Pending > 0 && TimeProvider.System.GetUtcNow() < deadline) await Task.Delay(10, stop);
        return new Idle(webhooks.Pending == 0, webhooks.Pending);
    }
}
