using System.Reflection;
using Streaming.Core.LiveKit;

namespace Streaming.Api.Http;

/// <summary>The catalogue: every error this API can answer with. docs/errors.md shows the same to readers.</summary>
public static class Errors
{
    // The request itself
    public static readonly ApiError InvalidJson = new(400, "invalid_json", "The request body is not the JSON expected here.",
        "The body is missing, broken, of the wrong type, or has a member twice or one that the endpoint does not know. `details` says where.");
    public static readonly ApiError InvalidRequest = new(400, "invalid_request", "A value in the address or the headers of the request is missing or has the wrong form.",
        "A query, route or header value cannot be read.");
    public static readonly ApiError ValidationFailed = new(400, "validation_failed", "The request breaks the rules of one or more members.",
        "The JSON is well formed and a value breaks a rule. `details` lists the complaints per member.");
    public static readonly ApiError InvalidCursor = new(400, "invalid_cursor", "The cursor is not one of this list.",
        "`cursor` must be the `nextCursor` of an earlier answer of the same list, unchanged. Begin again without one.");
    public static readonly ApiError CursorExpired = new(400, "cursor_expired", "The cursor is too old.",
        "The order that the list had at its first page is kept for some minutes only. Begin again without a cursor.");
    public static readonly ApiError Unauthorized = new(401, "unauthorized", "A valid session token is needed.",
        "No session token, or one that is expired, forged or for someone else. The answer never says which; get a new one from the auth server.");
    public static readonly ApiError InvalidSignature = new(401, "invalid_signature", "The signature is not valid.",
        "A webhook delivery is not signed with a key of ours.");
    public static readonly ApiError Forbidden = new(403, "forbidden", "This is not allowed for you.",
        "The caller is known and may not do this.");
    public static readonly ApiError CreatorAccessRequired = new(403, "creator_access_required", "Creator access required. Please apply and get approved.",
        "The caller has no approved creator application, or it has been revoked.");
    public static readonly ApiError ReauthenticationRequired = new(403, "reauthentication_required", "Please sign in again to see the stream key.",
        "The caller signed in more than five minutes ago, or his session token does not say when. Sign in anew and repeat with the new session's token.");
    public static readonly ApiError ChannelSuspended = new(403, "channel_suspended", "This channel is suspended.",
        "An administrator keeps the creator from broadcasting: there is nothing to watch.");
    public static readonly ApiError Blocked = new(403, "blocked", "You cannot watch this channel.",
        "The caller has blocked the creator, or the creator him.");
    public static readonly ApiError Banned = new(403, "banned", "You are banned from this channel.",
        "The creator keeps the caller out. `details.bannedUntil` says until when, if it ends by itself.");
    public static readonly ApiError PrivateChannel = new(403, "private", "This channel is private.",
        "The creator has not let the caller in.");
    public static readonly ApiError FollowersOnly = new(403, "followers_only", "Only followers can watch this channel.",
        "Follow the creator and ask again.");
    public static readonly ApiError GuestsNotAllowed = new(403, "guests_not_allowed", "Sign in to watch this channel.",
        "The channel takes no guests.");
    public static readonly ApiError OverCapacity = new(403, "over_capacity", "This channel is full right now.",
        "As many watch as the operator allows for one channel. Ask again later.");
    public static readonly ApiError NotFound = new(404, "not_found", "There is nothing at this address.",
        "No such route.");
    public static readonly ApiError StreamNotFound = new(404, "stream_not_found", "No stream was found.",
        "The creator has no stream yet: creating an ingress makes one.");
    public static readonly ApiError ChannelNotFound = new(404, "channel_not_found", "No channel was found.",
        "Nobody has this name, or he has no channel, or it is hidden from the caller.");
    public static readonly ApiError SessionNotFound = new(404, "session_not_found", "No session was found.",
        "There is no session with this id, or it is hidden from the caller.");
    public static readonly ApiError IngressNotFound = new(404, "ingress_not_found", "No ingress was found.",
        "There is no such stream key any more, or it is not the caller's.");
    public static readonly ApiError UserNotFound = new(404, "user_not_found", "No user was found.",
        "No user with this id has ever called this API, or he is no administrator who could cease to be one.");
    public static readonly ApiError ApplicationNotFound = new(404, "application_not_found", "No creator application was found.",
        "The user has not applied, or there is no application with this id.");
    public static readonly ApiError MethodNotAllowed = new(405, "method_not_allowed", "This address does not answer this method.",
        "`Allow` lists the methods that it does answer.");
    public static readonly ApiError RequestTimeout = new(408, "request_timeout", "The request body arrived too slowly.",
        "The body came slower than the server waits for.");
    public static readonly ApiError Conflict = new(409, "conflict", "Someone else changed this at the same time. Please try again.",
        "Two requests changed the same thing at once and this one lost. Nothing was changed by it.");
    public static readonly ApiError StreamLive = new(409, "stream_live", "The stream is live. End it first, or repeat with ?replace=true.",
        "A new key would cut off the running broadcast.");
    public static readonly ApiError IngressChanging = new(409, "ingress_changing", "The stream key is being changed by another request. Please try again.",
        "Two requests changed the channel's ingress at once, and this one lost. The other one's answer holds the key.");
    public static readonly ApiError NotLive = new(409, "not_live", "The stream is not live.",
        "There is no broadcast to end or to mark: it never began, or it is over.");
    public static readonly ApiError ReconnectBlocked = new(409, "reconnect_blocked", "The broadcast was ended a moment ago. Please wait before you go live again.",
        "The creator or a rule ended the broadcast, and for a while nobody can go live. `details` says until when.");
    public static readonly ApiError MarkerLimit = new(409, "marker_limit", "There are 500 markers in this session already.",
        "A session has at most 500 markers.");
    public static readonly ApiError KeyLimit = new(409, "key_limit", "There are five stream keys already. Delete one first.",
        "A channel has at most five stream keys, the primary one included.");
    public static readonly ApiError KeyReplaced = new(409, "key_replaced", "This stream key has been replaced already.",
        "It works beside its successor for the time it was given. Rotate the successor, or delete this one.");
    public static readonly ApiError QualityWhileLive = new(409, "quality_while_live", "The stream is live. End it first, or repeat with ?applyAt=nextStream.",
        "LiveKit cuts a broadcast off when its key's quality is changed.");
    public static readonly ApiError Suspended = new(409, "suspended", "This channel is suspended.",
        "An administrator has suspended the channel.");
    public static readonly ApiError Offline = new(409, "offline", "This channel is not live.",
        "There is nothing to watch now.");
    public static readonly ApiError AllowListFull = new(409, "allow_list_full", "The list is full.",
        "500 people are let in already: remove one first.");
    public static readonly ApiError UsernameTaken = new(409, "username_taken", "This username is taken.",
        "Somebody else has it. Choose another.");
    public static readonly ApiError ApplicationOpen = new(409, "application_open", "You have an application that is pending or approved.",
        "One application at a time. Read it, or withdraw it while it is pending.");
    public static readonly ApiError ReapplyTooSoon = new(409, "reapply_too_soon", "You cannot apply again yet.",
        "The last application was rejected or its approval revoked not long ago. `details.reapplyAt` and `Retry-After` say when it can be made anew.");
    public static readonly ApiError ApplicationDecided = new(409, "application_decided", "This application is not pending any more.",
        "Somebody has approved, rejected or withdrawn it meanwhile. `details.status` says which.");
    public static readonly ApiError ApplicationNotApproved = new(409, "application_not_approved", "This application is not approved.",
        "Only an approval can be revoked. `details.status` says where the application stands.");
    public static readonly ApiError LastAdministrator = new(409, "last_administrator", "The last administrator cannot be removed.",
        "Make somebody else an administrator first.");
    public static readonly ApiError PreconditionFailed = new(412, "precondition_failed", "The resource has changed since you read it.",
        "`If-Match` names an older version: read again and repeat.");
    public static readonly ApiError PayloadTooLarge = new(413, "payload_too_large", "The request body is too large.",
        "The body is larger than the endpoint reads.");
    public static readonly ApiError UnsupportedMediaType = new(415, "unsupported_media_type", "The request body must be application/json.",
        "The `Content-Type` is missing or not one that the endpoint reads.");
    public static readonly ApiError InvalidIdempotencyKey = new(400, "invalid_idempotency_key", "Idempotency-Key must be one value of 1 to 255 visible ASCII characters.",
        "The header `Idempotency-Key` is empty, too long, there twice, or has other characters.");
    public static readonly ApiError IdempotencyKeyInUse = new(409, "idempotency_key_in_use", "The same request is still being carried out. Please ask again.",
        "A request with this `Idempotency-Key` is under way and took longer than its twin waits. `Retry-After` says when to repeat.");
    public static readonly ApiError QualityImpossible = new(422, "quality_impossible", "RTMP cannot be passed through. Choose another quality, or make a WHIP key.",
        "RTMP carries codecs that browsers do not play, so that LiveKit must encode it anew.");
    public static readonly ApiError IdempotencyKeyReused = new(422, "idempotency_key_reused", "This Idempotency-Key was used for another request.",
        "Within 24 hours the same key came with another body, query or path. Nothing was done: take a new key for a new request.");
    public static readonly ApiError OutsideSession = new(422, "outside_session", "This moment is not within the running session.",
        "A marker lies between the beginning of the session that is running and now.");
    public static readonly ApiError Oneself = new(422, "oneself", "You cannot do this to yourself.",
        "Nobody follows or blocks himself.");
    public static readonly ApiError RateLimited = new(429, "rate_limited", "Too many requests. Please wait.",
        "A limit per user or per address is reached. `Retry-After` says how long to wait; `RateLimit` and `RateLimit-Policy`, in every answer, what is left of which limit.");

    public static readonly ApiError TooManyStreams = new(429, "too_many_streams", "You have too many open streams of live updates. Close one first.",
        "A user, or an address without sign-in, can have so many open at once. Browsers over HTTP/1.1 open six connections to a host at most: use one stream for all tabs.");

    // Our side of it
    public static readonly ApiError InternalError = new(500, "internal_error", "Something went wrong on our side.",
        "A fault of this service. `traceId` finds it in our logs.");
    public static readonly ApiError LiveKitRefused = new(500, "livekit_refused", "The streaming server refuses this service's credentials.",
        "LiveKit's API key or secret is misconfigured. An operator must act; trying again does not help.");
    public static readonly ApiError LiveKitBadAnswer = new(502, "livekit_bad_answer", "The streaming server failed, or gave an answer that makes no sense.",
        "LiveKit, or something in its place, reports an error of its own or answers with something unreadable. No key was made; one that was to be reset may have stopped working.");
    public static readonly ApiError ServiceUnavailable = Temporary("service_unavailable", "The service cannot do this right now. Please try again.",
        "The database or the queue is away. `Retry-After` says when to try again.");
    public static readonly ApiError LiveUpdatesFull = Temporary("live_updates_full", "No more streams of live updates can be opened right now. Please try again.",
        "This replica of the API has as many open as it takes. Ask again after `Retry-After`: another one may answer.");
    public static readonly ApiError AuthUnavailable = Temporary("auth_unavailable", "Session tokens cannot be checked right now. Please try again.",
        "The auth server cannot be asked: for its keys when none are known yet, or whose an opaque token is. The token may well be valid.");
    public static readonly ApiError LiveKitUnavailable = Temporary("livekit_unavailable", "The streaming server cannot be reached right now. Please try again.",
        "LiveKit is down, unreachable or at its limit. No key was made; one that was to be reset may have stopped working.");
    public static readonly ApiError LiveKitTimeout = Temporary("livekit_timeout", "The streaming server did not answer in time. Please try again.",
        "LiveKit is too slow to answer. What was asked of it is undone or repeated safely.");

    private static ApiError Temporary(string code, string sentence, string when) => new ApiError(503, code, sentence, when) with { RetryAfter = TimeSpan.FromSeconds(5) };

    /// <summary>Every error of the catalogue, in its order.</summary>
    public static IReadOnlyList<ApiError> All { get; } =
        [.. typeof(Errors).GetFields(BindingFlags.Public | BindingFlags.Static).Where(f => f.FieldType == typeof(ApiError)).Select(f => (ApiError)f.GetValue(null)!)];

    /// <summary>A rule broken that only a handler can check. Names are those of the JSON members.</summary>
    public static ApiError Invalid(string member, string complaint) =>
        ValidationFailed with { Details = new Dictionary<string, string[]> { [member] = [complaint] } };

    /// <summary>The error of a call to LiveKit that did not succeed.</summary>
    public static ApiError Of(LiveKitFailure failure) => failure switch
    {
        LiveKitFailure.Unreachable => LiveKitUnavailable,
        LiveKitFailure.TimedOut => LiveKitTimeout,
        LiveKitFailure.CredentialsRefused => LiveKitRefused,
        _ => LiveKitBadAnswer,
    };

    /// <summary>The error of a bare status, as the framework sets it.</summary>
    public static ApiError Of(int status) => status switch
    {
        400 => InvalidRequest,
        401 => Unauthorized,
        403 => Forbidden,
        404 => NotFound,
        405 => MethodNotAllowed,
        408 => RequestTimeout,
        409 => Conflict,
        412 => PreconditionFailed,
        413 => PayloadTooLarge,
        415 => UnsupportedMediaType,
        429 => RateLimited,
        503 => ServiceUnavailable,
        >= 400 and < 500 => InvalidRequest with { Status = status },
        _ => InternalError,
    };
}
