using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;
using Streaming.Api.Auth;
using Streaming.Api.Http;
using Streaming.Core.Sessions;
using Streaming.Core.Viewers;

namespace Streaming.Api.Features.Status;

public static class StatusEndpoints
{
    public static void MapStreamStatus(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/api/stream/status", Get)
            .RequireAuthorization(ApprovedCreator.Policy)
            .WithTags("Stream")
            .WithSummary("Read whether the stream is live, and who watches")
            .WithDescription("`isLive` means that media is arriving now. After a drop the state is `reconnecting` until `reconnectingUntil`; session and `startedAt` are kept. "
                + "`stale` means that what LiveKit tells has not been applied for a while.")
            .Gives(new StreamStatus(true, 42, new(2025, 11, 23, 10, 0, 0, TimeSpan.Zero), LiveState.Live, Guid.Parse("019abf58-d2f0-7a31-8e64-5d1c0b7e2f44"), null, false, new(2025, 11, 23, 10, 15, 0, TimeSpan.Zero)))
            .Fails(Errors.StreamNotFound);

    private static async Task<Results<Ok<StreamStatus>, ApiError>> Get(ChannelStates states, ViewerCounts viewers, CurrentUser user, CancellationToken ct)
    {
        if (await states.OfOwner(user.Id, ct) is not { } channel) return Errors.StreamNotFound;
        var watching = await viewers.Of(channel.ChannelId, ct);
        return TypedResults.Ok(new StreamStatus(
            channel.State is LiveState.Live or LiveState.Test, watching.Viewers, channel.StartedAt, channel.State, channel.SessionId, channel.ReconnectingUntil, channel.IsStale, channel.AsOf));
    }
}

/// <param name="IsLive">Whether media is arriving now.</param>
/// <param name="ViewerCount">Distinct people in the room who watch; the creator is not among them.</param>
/// <param name="StartedAt">When the session that is running began; absent when none is.</param>
/// <param name="State">`offline` (never live), `starting` (the creator is connected, no media yet), `live`, `reconnecting`, `ended`, or `test` (live, and seen by nobody else).</param>
/// <param name="SessionId">The session that is running, or the last one.</param>
/// <param name="ReconnectingUntil">Until when the session may go on; given while reconnecting.</param>
/// <param name="Stale">Whether the answer may be out of date.</param>
/// <param name="AsOf">The moment the answer speaks of.</param>
public sealed record StreamStatus(
    bool IsLive,
    long ViewerCount,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateTimeOffset? StartedAt,
    LiveState State,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Guid? SessionId,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateTimeOffset? ReconnectingUntil,
    bool Stale,
    DateTimeOffset AsOf);
