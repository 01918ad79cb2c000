using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;
using Streaming.Api.Auth;
using Streaming.Api.Http;
using Streaming.Core.Sessions;

namespace Streaming.Api.Features.Sessions;

public static class TimelineEndpoints
{
    public static void MapTimeline(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/api/sessions/{id:guid}/timeline", Get)
            .RequireAuthorization(ApprovedCreator.Policy)
            .WithTags("Sessions")
            .WithSummary("Read what became of a session")
            .WithDescription("In the order in which we learned of it, which is not always the order in which it happened: webhooks come late. Each entry names who told and on what evidence. "
                + "With `at`, the answer also has the state at that moment.")
            .Gives(new SessionTimelinePage(
                [new(417, Transition.Started, Example, null, ChangeCause.Webhook, "EV_7nXbJ4vYqRkT", Example.AddSeconds(1), null, null)], null, null))
            .Fails(Errors.SessionNotFound, Errors.InvalidCursor, Errors.ValidationFailed);

    private static readonly DateTimeOffset Example = new(2025, 11, 23, 10, 0, 0, TimeSpan.Zero);

    private static async Task<Results<Ok<SessionTimelinePage>, ApiError>> Get(
        Guid id, Timelines timelines, Cursors cursors, CurrentUser user, CancellationToken ct,
        DateTimeOffset? at = null, [MaxLength(Cursors.MaxLength)] string? cursor = null, [Range(1, Paging.Most)] int limit = Paging.Usual)
    {
        if (await timelines.WindowOf(id, user.Id, ct) is not { } window) return Errors.SessionNotFound;
        var list = $"timeline {id}";
        var after = cursor is null ? "0" : cursors.Open(list, cursor);
        if (after is null) return Errors.InvalidCursor;
        var page = await timelines.Read(id, long.Parse(after, CultureInfo.InvariantCulture), limit + 1, ct);
        var items = page.Take(limit).Select(c => new TimelineItem(c.Id, c.Transition, c.At, c.Reason, c.Cause, c.Evidence, c.RecordedAt, c.Subject, c.ReplacedBy)).ToList();
        return TypedResults.Ok(new SessionTimelinePage(
            items,
            page.Count > limit ? cursors.Seal(list, items[^1].Sequence.ToString(CultureInfo.InvariantCulture)) : null,
            at is { } moment ? await timelines.StateAt(id, moment.ToUniversalTime(), window, ct) : null));
    }
}

/// <param name="NextCursor">For the next page; absent on the last.</param>
/// <param name="State">Where the session stood at the moment asked for; absent when none was.</param>
public sealed record SessionTimelinePage(
    IReadOnlyList<TimelineItem> Items,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? NextCursor,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] LiveState? State);

/// <param name="Sequence">Grows in the order in which we learned of things.</param>
/// <param name="Transition">`started`, `dropped` (the session may still go on), `resumed`, `ended`, `revised` (a time was put right), `merged` (it was part of another session, or came while the channel was kept off the air),
/// `takeover` (an encoder took the place of `subject`), `contested` (several encoders fight over the key), `durationWarning` (`subject` minutes are left), `issueOpened` or `issueClosed` (see the stream's health).</param>
/// <param name="At">When it happened.</param>
/// <param name="Reason">Why media stopped: `stopped`, `disconnected`, `taken_over`, `ingress_deleted`, `lost`, `ended_by_creator`, `duration_exceeded`, `test_over`, `key_contested`, `suspended`, `revoked`, or why LiveKit broke it off. Of an issue its code.</param>
/// <param name="Cause">Who told: `webhook`, `reconcile` (LiveKit, when asked), `api` or `rule` (a limit of the channel's, a look at the encoder).</param>
/// <param name="Evidence">The id of the webhook event, or of the segment, ingress, session or cutoff.</param>
/// <param name="RecordedAt">When we learned of it.</param>
/// <param name="Subject">What it speaks of: the resource id of the encoder that was displaced, the minutes that are left.</param>
/// <param name="ReplacedBy">Of a takeover: the resource id of the encoder that took its place.</param>
public sealed record TimelineItem(
    long Sequence, Transition Transition, DateTimeOffset At,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Reason,
    ChangeCause Cause, string Evidence, DateTimeOffset RecordedAt,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Subject,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? ReplacedBy);
