using Microsoft.Extensions.Options;
using Streaming.Api.Auth;
using Streaming.Api.Http;
using Streaming.Core.LiveKit;
using Streaming.Core.Sessions;
using Streaming.Core.Viewers;

namespace Streaming.Api.Features.ViewerToken;

/// <summary>Gives tokens to watch, to those who may at this moment.</summary>
internal sealed class ViewerEntry(
    Admissions admissions, ChannelStates states, ViewerCounts viewers, AccessTokens tokens, GuestPass guests,
    IOptions<LiveKitOptions> livekit, IOptions<ViewingOptions> options)
{
    /// <summary>Before a token expires, so that a client that has to join anew holds one that still works.</summary>
    private static readonly TimeSpan RefreshBefore = TimeSpan.FromMinutes(2);

    public async Task<(ViewerTokenAnswer? Answer, ApiError? Error)> Admit(string host, string? user, string? guestName, HttpContext http)
    {
        var ct = http.RequestAborted;
        var visitor = user ?? guests.Read(http);
        if (!UserTokens.IsUserId(host) || await admissions.ToChannelOf(host, visitor, ct) is not { } admission) return (null, Errors.ChannelNotFound);
        if (admission.Refusal is { } refusal) return (null, ErrorOf(refusal, admission));
        if (await states.OfOwner(host, ct) is not { State: LiveState.Live or LiveState.Reconnecting or LiveState.Test }) return (null, Errors.Offline);
        if (!admission.IsHost && await IsFull(admission.ChannelId, visitor.Person, ct)) return (null, Errors.OverCapacity);

        // The creator too is a viewer on his own page: with the identity of his broadcast he would end it.
        var identity = user is null ? Identity.Guest((await guests.Issue(http)).GuestId!) : Identity.Viewer(user);
        var token = tokens.Mint(
            identity, admission.ChannelId.ToString(), user is null ? RoomGrants.Guest : RoomGrants.Viewer(admission.MaySendData), user is null ? guestName : admission.Username);
        return (new ViewerTokenAnswer(
            token.Reveal(), livekit.Value.ClientUrl, identity, token.ExpiresAt, token.ExpiresAt - RefreshBefore, ChatAccess.Of(admission)), null);
    }

    /// <summary>Whoever is in there already can have a token to come back with.</summary>
    private async Task<bool> IsFull(Guid channel, string? person, CancellationToken ct) =>
        options.Value.MostPerChannel is { } most && (await viewers.Of(channel, ct)).Viewers >= most && !(person is not null && await viewers.Includes(channel, person, ct));

    private static ApiError ErrorOf(EntryRefusal refusal, Admission admission) => refusal switch
    {
        EntryRefusal.Banned => admission.BannedUntil is { } until ? Errors.Banned with { Details = new { bannedUntil = until } } : Errors.Banned,
        EntryRefusal.Suspended => Errors.ChannelSuspended,
        EntryRefusal.Blocked => Errors.Blocked,
        EntryRefusal.Private => Errors.PrivateChannel,
        EntryRefusal.FollowersOnly => Errors.FollowersOnly,
        EntryRefusal.GuestsNotAllowed => Errors.GuestsNotAllowed,
        _ => Errors.ChannelNotFound,
    };
}
