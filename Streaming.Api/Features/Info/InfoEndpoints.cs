using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Streaming.Api.Auth;
using Streaming.Api.Http;
using Streaming.Core.Data;
using Streaming.Core.LiveUpdates;
using Streaming.Core.Streams;

namespace Streaming.Api.Features.Info;

public static class InfoEndpoints
{
    public static void MapStreamInfo(this IEndpointRouteBuilder routes)
    {
        var info = routes.MapGroup("/api/stream/info").RequireAuthorization(ApprovedCreator.Policy).WithTags("Stream");
        info.MapGet("/", Get)
            .WithSummary("Read the stream's settings")
            .WithDescription("Everything but the stream key, which is shown when it is made and never again.")
            .Gives(StreamAnswer.Example)
            .Fails(Errors.StreamNotFound);
        info.MapPut("/", Put)
            .WithSummary("Change title, thumbnail, visibility and the limits of a broadcast")
            .WithDescription("What is absent stays as it is; null clears the thumbnail. A title cannot be cleared. A session that has begun keeps its reconnect window; a new longest duration counts for it too.")
            .Takes(new { title = "Building a shed, part 3" })
            .Gives(StreamAnswer.Example)
            .Fails(Errors.StreamNotFound, Errors.Conflict);
    }

    private static async Task<Results<Ok<StreamAnswer>, ApiError>> Get(StreamingDb db, CurrentUser user, CancellationToken ct) =>
        await StreamInfo.Of(db, user.Id, ct) is { } info ? TypedResults.Ok(new StreamAnswer(info)) : Errors.StreamNotFound;

    private static async Task<Results<Ok<StreamAnswer>, ApiError>> Put(UpdateInfo change, StreamingDb db, CurrentUser user, TimeProvider time, CancellationToken ct)
    {
        if (await db.Channels.OwnedBy(user.Id).SingleOrDefaultAsync(ct) is not { } channel) return Errors.StreamNotFound;
        if (change.Title.IsGiven)
        {
            var title = await db.Normalized(change.Title.Value.Trim(), ct);
            if (title.EnumerateRunes().Count() > Channel.TitleMax) // some characters are several once they are composed
                return Errors.Invalid("title", $"must have at most {Channel.TitleMax} characters in Unicode normal form C.");
            channel.Retitle(title, time.GetUtcNow());
        }
        channel.LimitBroadcasts(change.ReconnectWindowSeconds.OrNull(), change.MaxDurationMinutes.OrNull(), change.OnContest.OrNull(), time.GetUtcNow());
        if (change.Thumbnail.IsGiven) channel.ShowThumbnail(change.Thumbnail.Value, time.GetUtcNow());
        if (change.Visibility.IsGiven) channel.ShowTo(change.Visibility.Value, time.GetUtcNow());
        if (change.AllowGuests.IsGiven) channel.AllowGuests(change.AllowGuests.Value, time.GetUtcNow());
        if (db.Entry(channel).State == EntityState.Modified) db.Append(StreamUpdated.To(channel));
        return await db.TrySave(ct) ? TypedResults.Ok(new StreamAnswer((await StreamInfo.Of(db, user.Id, ct))!)) : Errors.Conflict;
    }

    private static T? OrNull<T>(this Optional<T> given) where T : struct => given.IsGiven ? given.Value : null;
}

/// <param name="Title">1 to 200 characters after trimming; no control or text-direction characters.</param>
/// <param name="Thumbnail">An https URL with a host name; null clears it.</param>
/// <param name="Visibility">Who may find and watch it. A broadcast that is a test ends after ten minutes. Whoever is in the room and may no longer is removed within two seconds.</param>
/// <param name="ReconnectWindowSeconds">How long after a drop the same session may go on, 0 to 1800.</param>
/// <param name="MaxDurationMinutes">A broadcast that lasts longer is ended, 1 to 2880.</param>
/// <param name="OnContest">What happens when several encoders fight over a key: `alert` tells the creator, `disable` also ends the broadcast.</param>
/// <param name="AllowGuests">Whether those may watch who are not signed in.</param>
public sealed record UpdateInfo(
    [property: Text(1, Channel.TitleMax)] Optional<string> Title,
    [property: HttpsUrl] Optional<string?> Thumbnail,
    Optional<Visibility> Visibility,
    [property: Range(0, Channel.MaxReconnectWindowSeconds)] Optional<int> ReconnectWindowSeconds,
    [property: Range(1, Channel.MaxMaxDurationMinutes)] Optional<int> MaxDurationMinutes,
    Optional<ContestRule> OnContest,
    Optional<bool> AllowGuests);
