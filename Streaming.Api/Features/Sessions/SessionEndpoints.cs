using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;
using Streaming.Api.Auth;
using Streaming.Api.Http;
using Streaming.Core.Health;
using Streaming.Core.Sessions;
using Streaming.Core.Streams;

namespace Streaming.Api.Features.Sessions;

public static class SessionEndpoints
{
    public static void MapSessions(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/stream/sessions", List)
            .RequireAuthorization(ApprovedCreator.Policy)
            .WithTags("Sessions")
            .WithSummary("List your sessions")
            .WithDescription("The newest first. Viewers of a session that is running are counted up to `asOf`.")
            .Gives(new SessionPage([SessionItem.Example], "xr3Tn0mQb1y2uVwE5kGf9A", SessionAnswer.Example.AsOf))
            .Fails(Errors.InvalidCursor, Errors.ValidationFailed);
        routes.MapGet("/api/sessions/{id:guid}", Read)
            .WithOptionalSignIn()
            .WithTags("Sessions")
            .WithSummary("Read a session")
            .WithDescription("Its creator gets all that is known of it. Others get what it was called and when it was, where they would be shown the channel's page, now and by the settings of then; "
                + "else it looks as if there were none.")
            .Gives(SessionAnswer.Example)
            .Fails(Errors.Unauthorized, Errors.AuthUnavailable, Errors.ServiceUnavailable, Errors.SessionNotFound);
        routes.MapPost("/api/stream/markers", Mark)
            .RequireAuthorization(ApprovedCreator.Policy)
            .WithTags("Sessions")
            .WithSummary("Mark a moment of the running session")
            .WithDescription("To find it again: the session lists its markers with their offsets from its beginning. Without `at`, it is this moment. A session can have 500.")
            .Takes(new NewMarker("The roof goes on", null))
            .Gives(MarkerAnswer.Example)
            .Fails(Errors.StreamNotFound, Errors.NotLive, Errors.MarkerLimit, Errors.OutsideSession, Errors.ValidationFailed)
            .Idempotent();
    }

    private static async Task<Results<Ok<SessionPage>, ApiError>> List(
        SessionReading sessions, CurrentUser user, CancellationToken ct, [MaxLength(Cursors.MaxLength)] string? cursor = null, [Range(1, Paging.Most)] int limit = Paging.Usual) =>
        await sessions.List(user.Id, cursor, limit, ct) is { } page ? TypedResults.Ok(page) : Errors.InvalidCursor;

    private static async Task<Results<Ok<SessionAnswer>, ApiError>> Read(Guid id, SessionReading sessions, CancellationToken ct, CurrentUser? user = null) =>
        await sessions.Read(id, user?.Id, ct) is { } session ? TypedResults.Ok(session) : Errors.SessionNotFound;

    private static async Task<Results<Created<MarkerAnswer>, ApiError>> Mark(Markers markers, CurrentUser user, CancellationToken ct, NewMarker? request = null)
    {
        var (placed, refusal) = await markers.Place(user.Id, request?.Description?.Trim(), request?.At, ct);
        return refusal switch
        {
            null => TypedResults.Created($"/api/sessions/{placed!.SessionId}", MarkerAnswer.Of(placed)),
            MarkerRefusal.NoChannel => Errors.StreamNotFound,
            MarkerRefusal.NotLive => Errors.NotLive,
            MarkerRefusal.OutsideSession => Errors.OutsideSession,
            _ => Errors.MarkerLimit,
        };
    }
}

/// <param name="NextCursor">For the next page; absent on the last.</param>
/// <param name="AsOf">The moment the answer speaks of.</param>
public sealed record SessionPage(IReadOnlyList<SessionItem> Items, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? NextCursor, DateTimeOffset AsOf);

/// <param name="Id">The session.</param>
/// <param name="Title">What the stream was called when it began.</param>
/// <param name="Visibility">Who could find it then.</param>
/// <param name="State">`live`, `test` (live, and nobody else may see it), `reconnecting` or `ended`.</param>
/// <param name="StartedAt">When it began.</param>
/// <param name="EndedAt">When media stopped for good; absent while it runs.</param>
/// <param name="EndReason">Why it ended, as in the timeline; absent while it runs.</param>
/// <param name="PeakViewers">Most people at once.</param>
/// <param name="AverageViewers">People on average, over the time in which media was arriving.</param>
public sealed record SessionItem(
    Guid Id, string Title, Visibility Visibility, LiveState State, DateTimeOffset StartedAt,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateTimeOffset? EndedAt,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? EndReason,
    long PeakViewers, double AverageViewers)
{
    internal static SessionItem Example { get; } = new(
        SessionAnswer.Example.Id, SessionAnswer.Example.Title, Visibility.Public, LiveState.Ended, SessionAnswer.Example.StartedAt, SessionAnswer.Example.EndedAt, EndReasons.Stopped, 57, 31.4);

    internal static SessionItem Of(Session session, string title, Visibility visibility, Audience watched, DateTimeOffset now)
    {
        var state = SessionAnswer.StateOf(session, visibility, now);
        var isOver = state == LiveState.Ended;
        return new(
            session.Id, title, visibility, state, session.StartedAt, isOver ? session.MediaEndedAt : null, isOver ? session.EndReason : null, watched.Peak, Math.Round(watched.Average, 2));
    }
}

/// <summary>One broadcast. What is of its creator's concern alone is absent for others.</summary>
/// <param name="Id">The session.</param>
/// <param name="UserId">Whose it is.</param>
/// <param name="Title">What the stream was called when it began.</param>
/// <param name="Thumbnail">An https URL; null when the creator had set none.</param>
/// <param name="Category">What it was about; null when the creator had said nothing.</param>
/// <param name="Language">What was spoken, as BCP 47 writes it; null when the creator had said nothing.</param>
/// <param name="Tags">In the creator's order.</param>
/// <param name="IsMature">Whether it was in lists only for those who ask for such.</param>
/// <param name="State">`live`, `test` (live, and nobody else may see it), `reconnecting` or `ended`.</param>
/// <param name="StartedAt">When it began.</param>
/// <param name="EndedAt">When media stopped for good; absent while it runs.</param>
/// <param name="AsOf">The moment the answer speaks of.</param>
public sealed record SessionAnswer(
    Guid Id, string UserId, string Title, string? Thumbnail, string? Category, string? Language, IReadOnlyList<string> Tags, bool IsMature, LiveState State, DateTimeOffset StartedAt,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateTimeOffset? EndedAt, DateTimeOffset AsOf)
{
    private static readonly DateTimeOffset Noon = new(2025, 11, 23, 12, 0, 0, TimeSpan.Zero);

    internal static readonly SessionAnswer Example = new(
        Guid.Parse("019abf58-d2f0-7a31-8e64-5d1c0b7e2f44"), "dev-creator", "Building a shed, part 3", "https://cdn.example.com/shed.webp", "Woodworking", "en", ["shed", "beginners"], false,
        LiveState.Ended, Noon, Noon.AddHours(2), Noon.AddHours(3))
    {
        EndReason = EndReasons.Stopped,
        PeakViewers = 57,
        AverageViewers = 31.4,
        Settings = new SessionSettings(Visibility.Public, true, true, false, false, 60, 720, ContestRule.Alert, KeyQuality.Auto, Noon.AddSeconds(1)),
        SegmentCount = 1,
        Segments =
        [
            new SessionSegment(
                "IN_7bJd3kQx2fGm-1", SegmentSource.Ingress, "IN_7bJd3kQx2fGm", "Studio", Noon, Noon.AddHours(2), EndReasons.Stopped,
                new IngestInputAnswer("video/H264", 1920, 1080, 30, 6_000_000, "audio/aac", 160_000, 2, 48_000, Noon.AddMinutes(119))),
        ],
        Markers = [MarkerAnswer.Example],
    };

    /// <summary>Why it ended, as in the timeline; absent while it runs.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? EndReason { get; init; }

    /// <summary>Most people at once; of a session that is running, up to `asOf`.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? PeakViewers { get; init; }

    /// <summary>People on average, over the time in which media was arriving; of a session that is running, up to `asOf`.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? AverageViewers { get; init; }

    /// <summary>How the channel was set when it began.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public SessionSettings? Settings { get; init; }

    /// <summary>How many connections of encoders, or of the creator's browser, it was made of.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? SegmentCount { get; init; }

    /// <summary>These connections in the order of their beginning; the last 1,000, should there be more.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<SessionSegment>? Segments { get; init; }

    /// <summary>Moments that the creator marked, in their order.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<MarkerAnswer>? Markers { get; init; }

    internal static SessionAnswer Of(Session session, string owner, SessionSnapshot settings, DateTimeOffset now)
    {
        var state = StateOf(session, settings.Visibility, now);
        return new(
            session.Id, owner, settings.Title, settings.Thumbnail, settings.Category, settings.Language, settings.Tags, settings.IsMature,
            state, session.StartedAt, state == LiveState.Ended ? session.MediaEndedAt : null, now);
    }

    internal static LiveState StateOf(Session session, Visibility visibility, DateTimeOffset now) =>
        session.MediaEndedAt is null ? visibility == Visibility.Test ? LiveState.Test : LiveState.Live : now < session.ReconnectUntil ? LiveState.Reconnecting : LiveState.Ended;
}

/// <param name="Visibility">Who could find and watch it.</param>
/// <param name="AllowGuests">Whether those could watch who were not signed in.</param>
/// <param name="IsChatEnabled">Whether there was a chat.</param>
/// <param name="IsChatDelayed">Whether messages reached viewers after a delay.</param>
/// <param name="IsChatFollowersOnly">Whether followers alone could write.</param>
/// <param name="ReconnectWindowSeconds">How long after a drop it could go on.</param>
/// <param name="MaxDurationMinutes">How long it could last.</param>
/// <param name="OnContest">What was to happen when several encoders fought over a key.</param>
/// <param name="Quality">Of the key with which it began; absent when it began in a browser.</param>
/// <param name="TakenAt">When this was written down: when we learned that the session had begun.</param>
public sealed record SessionSettings(
    Visibility Visibility, bool AllowGuests, bool IsChatEnabled, bool IsChatDelayed, bool IsChatFollowersOnly, int ReconnectWindowSeconds, int MaxDurationMinutes, ContestRule OnContest,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] KeyQuality? Quality, DateTimeOffset TakenAt)
{
    internal static SessionSettings Of(SessionSnapshot s) => new(
        s.Visibility, s.AllowsGuests, s.IsChatEnabled, s.IsChatDelayed, s.IsChatFollowersOnly, s.ReconnectWindowSeconds, s.MaxDurationMinutes, s.OnContest, s.Quality, s.TakenAt);
}

/// <param name="ResourceId">LiveKit's id of the connection.</param>
/// <param name="Source">`ingress` (an encoder) or `browser`.</param>
/// <param name="IngressId">Of the key that was used; absent of a browser.</param>
/// <param name="IngressLabel">What the creator called that key.</param>
/// <param name="From">When media began to arrive.</param>
/// <param name="To">When it stopped; absent while it arrives.</param>
/// <param name="EndReason">Why it stopped, as in the timeline.</param>
/// <param name="Input">What the encoder sent, as LiveKit last said; absent when it has not said.</param>
public sealed record SessionSegment(
    string ResourceId, SegmentSource Source,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? IngressId,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? IngressLabel,
    DateTimeOffset From,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateTimeOffset? To,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? EndReason,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IngestInputAnswer? Input)
{
    internal static SessionSegment Of(IngestSegment s, string? label, IngestInput? input) =>
        new(s.ResourceId, s.Source, s.IngressId, label, s.BeganAt!.Value, s.EndedAt, s.EndReason, input is null ? null : IngestInputAnswer.Of(input));
}

/// <param name="Description">What there is to find, 1 to 140 characters on one line.</param>
/// <param name="At">The moment, within the running session; absent for now.</param>
public sealed record NewMarker([property: Text(1, Marker.DescriptionMax)] string? Description = null, DateTimeOffset? At = null);

/// <param name="Id">The marker.</param>
/// <param name="SessionId">In which it lies.</param>
/// <param name="At">The moment.</param>
/// <param name="OffsetSeconds">From the session's beginning.</param>
/// <param name="Description">What there is to find.</param>
public sealed record MarkerAnswer(
    Guid Id, Guid SessionId, DateTimeOffset At, double OffsetSeconds, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Description)
{
    internal static MarkerAnswer Example { get; } = new(
        Guid.Parse("019abf6a-20b4-7c0e-9a55-0b6f8e1d3c71"), Guid.Parse("019abf58-d2f0-7a31-8e64-5d1c0b7e2f44"), new(2025, 11, 23, 12, 18, 54, TimeSpan.Zero), 1134, "The roof goes on");

    internal static MarkerAnswer Of(PlacedMarker m) => new(m.Id, m.SessionId, m.At, Math.Round(m.Offset.TotalSeconds, 3), m.Description);
}
