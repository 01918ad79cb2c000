using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;
using StackExchange.Redis;
using Streaming.Api.Auth;
using Streaming.Api.Http;
using Streaming.Core.Data;
using Streaming.Core.Events;

namespace Streaming.Api.Features.Pipeline;

/// <summary>What administrators may see of the webhook pipeline. Giving a dead letter another chance is the worker's command.</summary>
public static class PipelineEndpoints
{
    private const string ListName = "dead events";

    private static readonly DateTimeOffset Example = new(2025, 11, 23, 10, 15, 0, TimeSpan.Zero);

    public static void MapPipeline(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/admin/events", List)
            .RequireAuthorization(AdministratorsOnly.Policy)
            .WithTags("Administration")
            .WithSummary("List webhook events that could not be applied")
            .WithDescription("Dead letters that nobody has resolved, by event id. `nextCursor` is there when there are more.")
            .Gives(new DeadEvents(
                [new("EV_7nXbJ4vYqRkT", EventKinds.IngressStarted, "019abf58-d2f0-7a31-8e64-5d1c0b7e2f44", "the database refuses it (23514)", 5, Example, Example, JsonSerializer.SerializeToElement(new { id = "EV_7nXbJ4vYqRkT" }))],
                "xr3Tn0mQb1y2uVwE5kGf9A"))
            .Fails(Errors.Forbidden, Errors.InvalidCursor, Errors.ValidationFailed);
        routes.MapGet("/api/admin/accounting", Account)
            .RequireAuthorization(AdministratorsOnly.Policy)
            .WithTags("Administration")
            .WithSummary("Read the books of the webhook pipeline")
            .WithDescription("`received` = `applied` + `duplicate` + `superseded` + `skipped` + `dead` + `pending`. `isBalanced` is false when an event was lost or had its effect twice.")
            .Gives(new PipelineAccount(120_045, 96_010, 44, 5_231, 18_750, 1, 9, 9, 0, true, Example))
            .Fails(Errors.Forbidden, Errors.ServiceUnavailable);
    }

    private static async Task<Results<Ok<DeadEvents>, ApiError>> List(
        DeadLetters letters, Cursors cursors, CancellationToken ct,
        EventStatus status = EventStatus.dead, [MaxLength(Cursors.MaxLength)] string? cursor = null, [Range(1, Paging.Most)] int limit = Paging.Usual)
    {
        if (status != EventStatus.dead) return Errors.Invalid(nameof(status), "must be dead: other events are counted, not listed.");
        var after = cursor is null ? null : cursors.Open(ListName, cursor);
        if (cursor is not null && after is null) return Errors.InvalidCursor;
        var page = await letters.List(limit + 1, after, ct);
        var items = page.Take(limit).Select(l => new DeadEvent(
            l.EventId, l.Kind, l.Room, l.Reason, l.Attempts, l.FirstAt, l.LastAt, JsonDocument.Parse(l.Projection).RootElement.Clone())).ToList();
        return TypedResults.Ok(new DeadEvents(items, page.Count > limit ? cursors.Seal(ListName, items[^1].Id) : null));
    }

    private static async Task<Results<Ok<PipelineAccount>, ApiError>> Account(Accounting accounting, TimeProvider time, CancellationToken ct)
    {
        try
        {
            var account = await accounting.Read(ct);
            var outcomes = account.Outcomes;
            return account.IsOpen
                ? TypedResults.Ok(new PipelineAccount(
                    account.Received, outcomes.Applied, outcomes.Duplicate, outcomes.Superseded, outcomes.Skipped, outcomes.Dead, account.Pending,
                    account.InQueue, account.InSpool, account.IsBalanced, time.GetUtcNow()))
                : Errors.ServiceUnavailable; // no worker has read this Redis yet
        }
        catch (Exception e) when (Failures.IsOfRedis(e))
        {
            return Errors.ServiceUnavailable;
        }
    }
}

/// <summary>Which events to list.</summary>
public enum EventStatus
{
    dead,
}

/// <param name="NextCursor">For the next page; absent on the last.</param>
public sealed record DeadEvents(IReadOnlyList<DeadEvent> Items, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? NextCursor);

/// <param name="Id">LiveKit's id of the event.</param>
/// <param name="Kind">LiveKit's name of the event.</param>
/// <param name="Room">The room it spoke of.</param>
/// <param name="Reason">Why it could not be applied.</param>
/// <param name="Attempts">How often that was tried.</param>
/// <param name="FirstAt">When it became a dead letter.</param>
/// <param name="LastAt">When it last did.</param>
/// <param name="Projection">What is kept of it: never a key, a password or metadata.</param>
public sealed record DeadEvent(
    string Id, string Kind, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Room, string Reason, int Attempts,
    DateTimeOffset FirstAt, DateTimeOffset LastAt, JsonElement Projection);

/// <param name="Received">Deliveries that were stored, repeated ones included.</param>
/// <param name="Applied">They told something new.</param>
/// <param name="Duplicate">Of an event that had come to its end already.</param>
/// <param name="Superseded">All they said was known, or newer facts stand in its place.</param>
/// <param name="Skipped">Of a kind without effect, or of a room that is no channel.</param>
/// <param name="Dead">They became dead letters, whatever was done about those later.</param>
/// <param name="Pending">Received and not yet at an end.</param>
/// <param name="InQueue">Entries of the Redis stream.</param>
/// <param name="InSpool">Rows of the Postgres spool.</param>
/// <param name="IsBalanced">Whether nothing was lost and nothing doubled.</param>
/// <param name="AsOf">When the books were read.</param>
public sealed record PipelineAccount(
    long Received, long Applied, long Duplicate, long Superseded, long Skipped, long Dead, long Pending, long InQueue, long InSpool, bool IsBalanced, DateTimeOffset AsOf);
