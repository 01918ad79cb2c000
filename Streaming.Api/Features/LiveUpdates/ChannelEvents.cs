using System.Globalization;
using Microsoft.AspNetCore.Authentication;
using Streaming.Api.Http;
using Streaming.Core.LiveUpdates;
using Streaming.Core.Viewers;

namespace Streaming.Api.Features.LiveUpdates;

/// <summary>Opens streams, to those who may have one.</summary>
internal sealed class ChannelEvents(UpdateFeed feed, Seats seats, SignsOfLife life, UpdateLog log, Admissions admissions, Snapshots snapshots, ViewerCounts viewers, ViewerNumbers numbers, TimeProvider time)
{
    private const string LastEventId = "Last-Event-ID";

    /// <summary>Of those whose token does not say when it expires: so long one may go unnoticed that was revoked.</summary>
    private static readonly TimeSpan Unchecked = TimeSpan.FromMinutes(15);

    private static readonly Piece Reset = new(0, Piece.Event(null, "reset", "{}"));

    /// <summary>Whoever may see the channel's page may follow it, unless he was put out of the channel.</summary>
    /// <param name="admission">Null when there is no such channel.</param>
    public static ApiError? RefusalOf(Admission? admission) => admission switch
    {
        null or { IsHidden: true } => Errors.ChannelNotFound,
        { IsHost: true } or { Refusal: null or EntryRefusal.FollowersOnly or EntryRefusal.GuestsNotAllowed } => null,
        { Refusal: EntryRefusal.Banned } => Errors.Banned,
        _ => Errors.ChannelNotFound,
    };

    public async Task<(EventStream? Stream, ApiError? Error)> OfChannel(Guid channel, string? user, HttpContext http)
    {
        var (follower, ends, error) = await Begin(channel, user, http);
        if (follower is null) return (null, error);
        var ct = http.RequestAborted;
        var admission = (await admissions.To(channel, [user], ct)).SingleOrDefault();
        if (RefusalOf(admission) is { } refusal) return (null, refusal);
        follower.IsOwner = admission!.IsHost;
        if (Seen(http) is { } seen && await Missed(seen, ends, [channel], [], ct) is { } missed && (follower.IsOwner || !missed.Exists(OpenedTo)))
        {
            var told = missed.Where(u => !UpdateTypes.IsInternal(u.Type) && (follower.IsOwner || !u.IsForOwner)).Select(Piece.Of);
            return (new EventStream(follower, [.. told, Piece.BeatAt(ends.Head), new Piece(0, numbers.Write(await viewers.Of(channel, ct)))]), null);
        }

        return await snapshots.OfChannel(channel, ends.Head, ct) is { } snapshot ? (new EventStream(follower, AfterReset(http, snapshot)), null) : (null, Errors.ChannelNotFound);

        bool OpenedTo(LoggedUpdate update) => update.Type == UpdateTypes.Opened && (update.Concerned is not { } allowed || allowed == user);
    }

    public async Task<(EventStream? Stream, ApiError? Error)> OfUser(string user, HttpContext http)
    {
        var (follower, ends, error) = await Begin(null, user, http);
        if (follower is null) return (null, error);
        if (Seen(http) is { } seen && await Missed(seen, ends, [], [user], http.RequestAborted) is { } missed)
            return (new EventStream(follower, [.. missed.Select(Piece.Of), Piece.BeatAt(ends.Head)]), null);

        return (new EventStream(follower, AfterReset(http, await snapshots.OfUser(user, ends.Head, http.RequestAborted))), null);
    }

    /// <summary>Takes a seat and follows, until the request is over.</summary>
    private async Task<(Follower? Follower, LogEnds Ends, ApiError? Error)> Begin(Guid? channel, string? user, HttpContext http)
    {
        var expires = http.Features.Get<IAuthenticateResultFeature>()?.AuthenticateResult?.Properties?.ExpiresUtc;
        var (holder, full) = seats.Take(user, http);
        if (holder is null) return (null, default, full);
        var follower = new Follower { Channel = channel, User = user, ExpiresAt = user is null ? DateTimeOffset.MaxValue : expires ?? time.GetUtcNow() + Unchecked };
        http.Response.RegisterForDispose(new Leaving(() =>
        {
            feed.Leave(follower);
            seats.Leave(holder);
            follower.Dispose();
        }));
        life.Expect(follower);
        return (follower, await feed.Follow(follower, http.RequestAborted), null);
    }

    /// <summary>What he was not told since he was cut off; null when the log cannot say that, or not any more.</summary>
    private async Task<List<LoggedUpdate>?> Missed(long seen, LogEnds ends, Guid[] channels, string[] users, CancellationToken ct)
    {
        if (!ends.Covers(seen)) return null;
        var missed = new List<LoggedUpdate>();
        for (var (after, isMore) = (seen, true); isMore;)
        {
            var piece = await log.Read(after, ends.Head, channels, users, ct);
            missed.AddRange(piece);
            if (isMore = piece.Count == UpdateLog.Piece) after = piece[^1].Position;
        }

        return await log.Keeps(seen, ct) ? missed : null; // it is being forgotten all the time
    }

    private static Piece[] AfterReset(HttpContext http, Piece snapshot) => http.Request.Headers.ContainsKey(LastEventId) ? [Reset, snapshot] : [snapshot];

    /// <returns>Null when he has seen nothing yet, or says something that no server of ours has told him.</returns>
    private static long? Seen(HttpContext http) =>
        http.Request.Headers[LastEventId] is [{ } id] && long.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var seen) ? seen : null;

    private sealed class Leaving(Action leave) : IDisposable
    {
        public void Dispose() => leave();
    }
}
