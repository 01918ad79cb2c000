using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;
using Streaming.Api.Auth;
using Streaming.Api.Http;
using Streaming.Core.Health;
using Streaming.Core.Sessions;

namespace Streaming.Api.Features.Broadcasts;

/// <summary>Before, during and at the end of a broadcast.</summary>
public static class BroadcastEndpoints
{
    private static readonly DateTimeOffset Example = new(2025, 11, 23, 10, 15, 0, TimeSpan.Zero);

    public static void MapBroadcasts(this IEndpointRouteBuilder routes)
    {
        var stream = routes.MapGroup("/api/stream").RequireAuthorization(ApprovedCreator.Policy).WithTags("Broadcast");
        stream.MapPost("/end", End)
            .WithSummary("End the broadcast now")
            .WithDescription("The session is over with this answer, and nobody can continue it. For the time of the block the stream keys are disabled and no creator token is given, "
                + "so that an encoder which reconnects by itself does not begin another. The keys stay the same and work again afterwards.")
            .Takes(new EndBroadcast("That was it for today.", 60))
            .Gives(new BroadcastEnded(Guid.Parse("019abf58-d2f0-7a31-8e64-5d1c0b7e2f44"), Example, EndReasons.EndedByCreator, Example.AddSeconds(60), true))
            .Fails(Errors.StreamNotFound, Errors.NotLive);
        stream.MapPost("/preflight", Preflight)
            .WithSummary("See whether a broadcast could begin now")
            .WithDescription("Nothing is changed by it. `ready` is true when no check is an error. Whether the streaming server has capacity is known only from the last connection that it refused for lack of it.")
            .Gives(new PreflightAnswer(true, [PreflightChecks.Reachable.Passed]))
            .Fails(Errors.StreamNotFound);
        stream.MapGet("/health", Health)
            .WithSummary("Read what is wrong with what the encoder sends")
            .WithDescription("Issues that are open now, the worst first. LiveKit is asked every 15 seconds while an encoder is on the air, and itself looks at the bitrate about once a minute; of a browser it says nothing. "
                + "`input` is what it last said.")
            .Gives(new IngestHealthAnswer(HealthStatus.Warning, [IngestIssueAnswer.Of(IssueKind.FpsLow, Example)], new IngestInputAnswer("video/H264", 1280, 720, 15, 2_400_000, "audio/aac", 128_000, 2, 48_000, Example), Example))
            .Fails(Errors.StreamNotFound);
    }

    private static async Task<Results<Ok<BroadcastEnded>, ApiError>> End(
        ChannelStates states, Cutoffs cutoffs, OffAir offAir, CurrentUser user, TimeProvider time, CancellationToken ct, EndBroadcast? request = null)
    {
        if (await states.OfOwner(user.Id, ct) is not { } channel) return Errors.StreamNotFound;
        if (channel.State is LiveState.Offline or LiveState.Ended) return Errors.NotLive;
        var (now, block) = (time.GetUtcNow(), TimeSpan.FromSeconds(request?.BlockReconnectSeconds ?? Cutoff.DefaultBlockSeconds));
        var order = new CutOrder(EndReasons.EndedByCreator, ChangeCause.Api, now, now + block, request?.Reason?.Trim());
        var cut = await cutoffs.Cut(channel.ChannelId, order, CancellationToken.None);
        var enforced = await offAir.TryEnforce(channel.ChannelId, CancellationToken.None);
        return TypedResults.Ok(new BroadcastEnded(channel.SessionId, cut.At, order.Reason, cut.OffUntil, enforced));
    }

    private static async Task<Results<Ok<PreflightAnswer>, ApiError>> Preflight(PreflightChecks checks, CurrentUser user, CancellationToken ct) =>
        await checks.Of(user.Id, ct) is { } answer ? TypedResults.Ok(answer) : Errors.StreamNotFound;

    private static async Task<Results<Ok<IngestHealthAnswer>, ApiError>> Health(ChannelStates states, IngestHealth health, CurrentUser user, CancellationToken ct)
    {
        if (await states.OfOwner(user.Id, ct) is not { } channel) return Errors.StreamNotFound;
        if (channel is not { SessionId: { } session, State: not (LiveState.Ended or LiveState.Offline) })
            return TypedResults.Ok(new IngestHealthAnswer(HealthStatus.Offline, [], null, channel.AsOf));
        var (open, input) = await health.Of(channel.ChannelId, session, ct);
        return TypedResults.Ok(new IngestHealthAnswer(
            open.Count == 0 ? HealthStatus.Ok : open[0].Kind.Severity == Severity.Error ? HealthStatus.Error : HealthStatus.Warning,
            [.. open.Select(i => IngestIssueAnswer.Of(i.Kind, i.OpenedAt))], input is null ? null : IngestInputAnswer.Of(input), channel.AsOf));
    }
}

/// <param name="Reason">A note of the creator's, 1 to 200 characters; kept with the session.</param>
/// <param name="BlockReconnectSeconds">For how long nobody can go live on the channel, 0 to 300.</param>
public sealed record EndBroadcast([property: Text(1, Cutoff.NoteMax)] string? Reason = null, [property: Range(0, Cutoff.MaxBlockSeconds)] int BlockReconnectSeconds = Cutoff.DefaultBlockSeconds);

/// <param name="SessionId">The session that is over; absent when the creator was connected and had sent no media yet.</param>
/// <param name="EndedAt">The moment of the end.</param>
/// <param name="Reason">`ended_by_creator`.</param>
/// <param name="BlockedUntil">Until when nobody can go live on the channel.</param>
/// <param name="Enforced">Whether the streaming server has removed the publisher already. False: it could not be reached, and is made to as soon as it can.</param>
public sealed record BroadcastEnded(
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Guid? SessionId, DateTimeOffset EndedAt, string Reason, DateTimeOffset BlockedUntil, bool Enforced);

/// <summary>How an encoder does.</summary>
public enum HealthStatus
{
    /// <summary>Nothing is on the air.</summary>
    Offline,

    /// <summary>Nothing is known to be wrong.</summary>
    Ok,

    /// <summary>Viewers may not notice.</summary>
    Warning,

    /// <summary>Viewers do notice.</summary>
    Error,
}

/// <param name="Status">The worst of the issues; `offline` when nothing is on the air.</param>
/// <param name="Issues">What is wrong now, the worst first.</param>
/// <param name="Input">What the encoder sends; absent when LiveKit has not said yet, or a browser is on the air.</param>
/// <param name="AsOf">The moment the answer speaks of.</param>
public sealed record IngestHealthAnswer(
    HealthStatus Status, IReadOnlyList<IngestIssueAnswer> Issues,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IngestInputAnswer? Input, DateTimeOffset AsOf);

/// <param name="Code">`noAudio`, `noVideo`, `videoBitrateLow`, `videoBitrateHigh`, `fpsLow`, `resolutionLow`, `codecUnsupported`, `starving`, `capacityExceeded`, `connectionRefused` or `contested`.</param>
/// <param name="Severity">`warning` or `error`.</param>
/// <param name="Message">What is wrong, for people.</param>
/// <param name="Fix">What to do about it.</param>
/// <param name="OpenedAt">Since when.</param>
public sealed record IngestIssueAnswer(string Code, Severity Severity, string Message, string Fix, DateTimeOffset OpenedAt)
{
    internal static IngestIssueAnswer Of(IssueKind kind, DateTimeOffset openedAt) => new(kind.Code, kind.Severity, kind.Message, kind.Fix, openedAt);
}
