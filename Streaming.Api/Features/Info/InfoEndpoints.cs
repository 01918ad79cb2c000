using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Streaming.Api.Auth;
using Streaming.Api.Http;
using Streaming.Core.Data;
using Streaming.Core.Streams;

namespace Streaming.Api.Features.Info;

public static class InfoEndpoints
{
    public static void MapStreamInfo(this IEndpointRouteBuilder routes)
    {
        var info = routes.MapGroup("/api/stream/info").RequireAuthorization(ApprovedCreator.Policy).WithTags("Stream");
        info.MapGet("/", Get)
            .WithSummary("Read the stream's settings")
            .WithDescription("Everything but the stream key, which is shown when it is made and never again. The `ETag` names the version of the settings.")
            .Gives(StreamAnswer.Example)
            .Fails(Errors.StreamNotFound);
        info.MapPut("/", Put)
            .WithSummary("Change what the stream says of itself, who may watch, and the limits of a broadcast")
            .WithDescription("What is absent stays as it is; null clears thumbnail, category, language and tags. A title cannot be cleared. A session that has begun keeps its reconnect window; a new longest duration counts for it too. "
                + "With the `ETag` of an earlier answer as `If-Match`, the change is made only if nobody has changed the settings since.")
            .Takes(new { title = "Building a shed, part 3", category = "Woodworking" })
            .Gives(StreamAnswer.Example)
            .Fails(Errors.StreamNotFound, Errors.Conflict, Errors.PreconditionFailed);
    }

    private static async Task<Results<Ok<StreamAnswer>, ApiError>> Get(StreamingDb db, CurrentUser user, HttpResponse response, CancellationToken ct) =>
        await StreamInfo.Of(db, user.Id, ct) is { } info ? StreamAnswer.Of(info, response) : Errors.StreamNotFound;

    private static async Task<Results<Ok<StreamAnswer>, ApiError>> Put(
        UpdateInfo change, InfoChanges changes, StreamingDb db, CurrentUser user, HttpResponse response, CancellationToken ct, [FromHeader(Name = "If-Match")] string? ifMatch = null) =>
        await changes.Make(user.Id, change, ifMatch, ct) is { } refused ? refused : StreamAnswer.Of((await StreamInfo.Of(db, user.Id, ct))!, response);
}

/// <param name="Title">1 to 200 characters after trimming; no control or text-direction characters.</param>
/// <param name="Thumbnail">An https URL with a host name; null clears it.</param>
/// <param name="Category">1 to 50 characters; null clears it.</param>
/// <param name="Language">A BCP 47 tag such as `pt-BR`; null clears it.</param>
/// <param name="Tags">At most ten of 1 to 25 characters each; of several that differ in case alone the first stays. Null clears them.</param>
/// <param name="IsMature">Whether it is in lists only for those who ask for such.</param>
/// <param name="Visibility">Who may find and watch it. A broadcast that is a test ends after ten minutes. Whoever is in the room and may no longer is removed within two seconds.</param>
/// <param name="ReconnectWindowSeconds">How long after a drop the same session may go on, 0 to 1800.</param>
/// <param name="MaxDurationMinutes">A broadcast that lasts longer is ended, 1 to 2880.</param>
/// <param name="OnContest">What happens when several encoders fight over a key: `alert` tells the creator, `disable` also ends the broadcast.</param>
/// <param name="AllowGuests">Whether those may watch who are not signed in.</param>
public sealed record UpdateInfo(
    [property: Text(1, Channel.TitleMax)] Optional<string> Title,
    [property: HttpsUrl] Optional<string?> Thumbnail,
    [property: Text(1, Channel.CategoryMax)] Optional<string?> Category,
    [property: Language] Optional<string?> Language,
    [property: Texts(Channel.MostTags, Channel.TagMax)] Optional<IReadOnlyList<string>?> Tags,
    Optional<bool> IsMature,
    Optional<Visibility> Visibility,
    [property: Range(0, Channel.MaxReconnectWindowSeconds)] Optional<int> ReconnectWindowSeconds,
    [property: Range(1, Channel.MaxMaxDurationMinutes)] Optional<int> MaxDurationMinutes,
    Optional<ContestRule> OnContest,
    Optional<bool> AllowGuests);
