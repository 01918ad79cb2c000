using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using Google.Protobuf;
using Livekit.Server.Sdk.Dotnet;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Streaming.Core.Streams;
using Streaming.Core.Viewers;
using Ingress = Streaming.Core.Streams.Ingress;

namespace Streaming.Core.LiveKit;

/// <summary>
/// The calls we make to LiveKit. Every call is bounded in time; only those that may be repeated are; every failure is one of
/// <see cref="LiveKitFailure"/>.
/// </summary>
public sealed partial class LiveKitApi(IHttpClientFactory clients, IOptions<LiveKitOptions> options, ILogger<LiveKitApi> log)
{
    internal const string HttpClientName = "livekit";

    /// <summary>Makes a stream key for a channel.</summary>
    /// <exception cref="LiveKitException">After <see cref="LiveKitFailure.TimedOut"/> or <see cref="LiveKitFailure.BadAnswer"/> the ingress may exist.</exception>
    public async Task<CreatedIngress> CreateIngress(Guid channelId, NewKey key, CancellationToken ct)
    {
        var request = new CreateIngressRequest
        {
            InputType = key.Type == IngressType.WHIP ? IngressInput.WhipInput : IngressInput.RtmpInput,
            Name = channelId.ToString(),
            RoomName = channelId.ToString(),
            ParticipantIdentity = Identity.Ingress(channelId),
            Enabled = key.IsEnabled,
        };
        var (transcodes, video) = Encoding(key.Type, key.Quality);
        request.EnableTranscoding = transcodes;
        request.Video = video;
        var ingress = await Call("CreateIngress", client => Ingresses(client).CreateIngress(request), ct);
        return ingress is { IngressId.Length: > 0, StreamKey.Length: > 0, Url.Length: > 0 }
            ? new CreatedIngress(ingress.IngressId, ingress.Url, new StreamKey(ingress.StreamKey))
            : throw new LiveKitException(LiveKitFailure.BadAnswer, "CreateIngress");
    }

    /// <summary>The ids of all ingresses that publish into a channel's room, ours or not.</summary>
    public async Task<IReadOnlyList<string>> ListIngresses(Guid channelId, CancellationToken ct)
    {
        var request = new ListIngressRequest { RoomName = channelId.ToString() };
        var list = await CallTwice("ListIngress", client => Ingresses(client).ListIngress(request), ct);
        return [.. list.Items.Where(i => i.RoomName == request.RoomName).Select(i => i.IngressId)];
    }

    /// <summary>All ingresses made by this product, whether recorded or not: their identity says so.</summary>
    public async Task<IReadOnlyList<(string IngressId, Guid ChannelId)>> ListOwnIngresses(CancellationToken ct)
    {
        var list = await CallTwice("ListIngress", client => Ingresses(client).ListIngress(new ListIngressRequest()), ct);
        return [.. from ingress in list.Items
                   let channel = Guid.TryParseExact(ingress.RoomName, "D", out var id) ? id : (Guid?)null
                   where channel is not null && ingress.ParticipantIdentity == Identity.Ingress(channel.Value)
                   select (ingress.IngressId, channel.Value)];
    }

    /// <summary>An ingress as LiveKit has it, with its key; null when LiveKit has none of this id.</summary>
    public async Task<KnownIngress?> FindIngress(string ingressId, CancellationToken ct)
    {
        try
        {
            var list = await CallTwice("ListIngress", client => Ingresses(client).ListIngress(new ListIngressRequest { IngressId = ingressId }), ct);
            return list.Items.SingleOrDefault(i => i.IngressId == ingressId) is { } found
                ? new KnownIngress(found.IngressId, found.Url, new StreamKey(found.StreamKey), IsEnabled: !found.HasEnabled || found.Enabled)
                : null;
        }
        catch (LiveKitException e) when (e.Failure == LiveKitFailure.NotFound)
        {
            return null;
        }
    }

    /// <summary>
    /// Lets new connections with a key in, or refuses them; the key stays. Any update cuts off whoever publishes with it, whatever it changes: so it
    /// is never repeated here.
    /// </summary>
    /// <exception cref="LiveKitException">After <see cref="LiveKitFailure.TimedOut"/> or <see cref="LiveKitFailure.BadAnswer"/> it may have had its effect.</exception>
    public Task SetIngressEnabled(string ingressId, bool enabled, CancellationToken ct) =>
        Call("UpdateIngress", client => Ingresses(client).UpdateIngress(new UpdateIngressRequest { IngressId = ingressId, Enabled = enabled }), ct);

    /// <summary>Has LiveKit encode for viewers like this from the next connection on. It cuts off whoever publishes, as any update does.</summary>
    public Task SetIngressQuality(string ingressId, IngressType type, KeyQuality quality, CancellationToken ct)
    {
        var (transcodes, video) = Encoding(type, quality);
        return Call("UpdateIngress", client => Ingresses(client).UpdateIngress(new UpdateIngressRequest { IngressId = ingressId, EnableTranscoding = transcodes, Video = video }), ct);
    }

    /// <summary>LiveKit's own default has no preset: three layers up to 720p for RTMP, the encoder's own picture for WHIP.</summary>
    private static (bool Transcodes, IngressVideoOptions Video) Encoding(IngressType type, KeyQuality quality)
    {
        var video = new IngressVideoOptions { Source = TrackSource.Camera };
        IngressVideoEncodingPreset? preset = quality switch
        {
            KeyQuality.Up1080 => IngressVideoEncodingPreset.H2641080P30Fps3Layers,
            KeyQuality.Up720 => IngressVideoEncodingPreset.H264720P30Fps3Layers,
            KeyQuality.Up540 => IngressVideoEncodingPreset.H264540P25Fps2Layers,
            _ => null,
        };
        if (preset is { } known) video.Preset = known;
        return (preset is not null || type == IngressType.RTMP, video);
    }

    /// <summary>Its key stops working and a running stream is cut. One that is not there any more is deleted already.</summary>
    public async Task DeleteIngress(string ingressId, CancellationToken ct)
    {
        try
        {
            await CallTwice("DeleteIngress", client => Ingresses(client).DeleteIngress(new DeleteIngressRequest { IngressId = ingressId }), ct);
        }
        catch (LiveKitException e) when (e.Failure == LiveKitFailure.NotFound)
        {
            Log.AlreadyGone(log, ingressId);
        }
    }

    /// <summary>All ingresses with what LiveKit says of their encoders, in one call; or those of one channel.</summary>
    public async Task<IReadOnlyList<IngressLook>> LookAtIngresses(Guid? channelId, CancellationToken ct)
    {
        var request = new ListIngressRequest { RoomName = channelId?.ToString() ?? "" };
        var list = await CallTwice("ListIngress", client => Ingresses(client).ListIngress(request), ct);
        return [.. list.Items.Select(IngressLook.Of)];
    }

    /// <summary>Closes a channel's room: everybody in it is out. One that does not stand is closed already.</summary>
    public async Task DeleteRoom(Guid channelId, CancellationToken ct)
    {
        try
        {
            await CallTwice("DeleteRoom", client => Rooms(client).DeleteRoom(new DeleteRoomRequest { Room = channelId.ToString() }), ct);
        }
        catch (LiveKitException e) when (e.Failure == LiveKitFailure.NotFound)
        {
            // As wished.
        }
    }

    /// <summary>Takes whoever has this identity out of the channel's room. He who is not there is out already.</summary>
    public async Task RemoveParticipant(Guid channelId, string identity, CancellationToken ct)
    {
        var request = new RoomParticipantIdentity { Room = channelId.ToString(), Identity = identity };
        try
        {
            await CallTwice("RemoveParticipant", client => Rooms(client).RemoveParticipant(request), ct);
        }
        catch (LiveKitException e) when (e.Failure == LiveKitFailure.NotFound)
        {
            // As wished.
        }
    }

    /// <summary>
    /// The same, and he is told why: LiveKit's clients see the attribute <c>streaming.removed</c> of their own participant before they are
    /// disconnected, since both come on one ordered connection.
    /// </summary>
    public async Task RemoveParticipant(Guid channelId, string identity, string why, CancellationToken ct)
    {
        var request = new UpdateParticipantRequest { Room = channelId.ToString(), Identity = identity, Attributes = { ["streaming.removed"] = why } };
        try
        {
            await CallTwice("UpdateParticipant", client => Rooms(client).UpdateParticipant(request), ct);
        }
        catch (LiveKitException e) when (e.Failure is LiveKitFailure.NotFound or LiveKitFailure.Refused)
        {
            // Out he goes all the same.
        }

        await RemoveParticipant(channelId, identity, ct);
    }

    /// <summary>Takes whoever publishes with this key out of the channel's room, and nobody who publishes with another.</summary>
    public async Task RemovePublisher(Guid channelId, string ingressId, CancellationToken ct)
    {
        foreach (var publisher in (await ListParticipants(channelId, ct)).Where(p => p.Role == ParticipantRole.Ingress && p.IngressId == ingressId))
            await RemoveParticipant(channelId, publisher.Identity, ct);
    }

    /// <summary>Lets a viewer send data into the channel's room, or no longer. He who is not there needs no permission.</summary>
    public async Task LetSendData(Guid channelId, string identity, bool allowed, CancellationToken ct)
    {
        var request = new UpdateParticipantRequest
        {
            Room = channelId.ToString(),
            Identity = identity,
            Permission = new ParticipantPermission { CanSubscribe = true, CanPublish = false, CanPublishData = allowed, CanUpdateMetadata = false }, // it replaces all he had
        };
        try
        {
            await CallTwice("UpdateParticipant", client => Rooms(client).UpdateParticipant(request), ct);
        }
        catch (LiveKitException e) when (e.Failure == LiveKitFailure.NotFound)
        {
            // He has left.
        }
    }

    /// <summary>Has everybody in a channel's room told what LiveKit's clients call the room's metadata. A room that does not stand has nobody to tell.</summary>
    public async Task SetRoomMetadata(Guid channelId, string metadata, CancellationToken ct)
    {
        try
        {
            await CallTwice("UpdateRoomMetadata", client => Rooms(client).UpdateRoomMetadata(new UpdateRoomMetadataRequest { Room = channelId.ToString(), Metadata = metadata }), ct);
        }
        catch (LiveKitException e) when (e.Failure == LiveKitFailure.NotFound)
        {
            // It has been closed.
        }
    }

    /// <summary>The rooms that stand, of those that bear the name of a channel: by its id, the room's SID.</summary>
    public async Task<IReadOnlyDictionary<Guid, string>> ListRooms(CancellationToken ct)
    {
        var list = await CallTwice("ListRooms", client => Rooms(client).ListRooms(new ListRoomsRequest()), ct);
        var rooms = new Dictionary<Guid, string>();
        foreach (var room in list.Rooms)
            if (Guid.TryParseExact(room.Name, "D", out var channel) && room.Name == $"{channel}") rooms[channel] = room.Sid;
        return rooms;
    }

    /// <summary>Who is in a channel's room now. A room that does not stand is empty.</summary>
    public async Task<IReadOnlyList<RoomParticipant>> ListParticipants(Guid channelId, CancellationToken ct)
    {
        var request = new ListParticipantsRequest { Room = channelId.ToString() };
        try
        {
            var list = await CallTwice("ListParticipants", client => Rooms(client).ListParticipants(request), ct);
            return [.. list.Participants.Where(p => p.Sid.Length > 0 && p.State != ParticipantInfo.Types.State.Disconnected).Select(RoomParticipant.Of)];
        }
        catch (LiveKitException e) when (e.Failure == LiveKitFailure.NotFound)
        {
            return [];
        }
    }

    private RoomServiceClient Rooms(HttpClient client) =>
        new(options.Value.HttpUrl.ToString(), options.Value.ApiKey!, options.Value.ApiSecret!, client);

    private IngressServiceClient Ingresses(HttpClient client) =>
        new(options.Value.HttpUrl.ToString(), options.Value.ApiKey!, options.Value.ApiSecret!, client);

    private async Task<T> CallTwice<T>(string method, Func<HttpClient, Task<T>> call, CancellationToken ct)
    {
        try
        {
            return await Call(method, call, ct);
        }
        catch (LiveKitException e) when (e.Failure == LiveKitFailure.Unreachable)
        {
            return await Call(method, call, ct);
        }
    }

    /// <summary>A client of its own for every call: the SDK keeps the call's grant in the client's default headers, where two calls could swap them.</summary>
    private async Task<T> Call<T>(string method, Func<HttpClient, Task<T>> call, CancellationToken ct)
    {
        using var client = clients.CreateClient(HttpClientName);
        client.Timeout = options.Value.CallTimeout;
        await using var cancellation = ct.Register(client.CancelPendingRequests);
        var started = Stopwatch.GetTimestamp();
        try
        {
            var answer = await call(client);
            Measure("ok");
            return answer;
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            throw new OperationCanceledException(ct);
        }
        catch (Exception e) when (FailureOf(e) is { } failure)
        {
            Measure(failure.ToString());
            Log.Failed(log, method, failure);
            throw new LiveKitException(failure, method);
        }

        void Measure(string outcome) => Telemetry.LiveKitCalls.Record(Stopwatch.GetElapsedTime(started).TotalSeconds, new("method", method), new("outcome", outcome));
    }

    private static LiveKitFailure? FailureOf(Exception e) => e switch
    {
        OperationCanceledException => LiveKitFailure.TimedOut,
        AnswerException answer => answer.Failure,
        HttpRequestException => LiveKitFailure.Unreachable,
        Twirp.Exception { Type: Twirp.ErrorCode.Unauthenticated or Twirp.ErrorCode.Permission_Denied } => LiveKitFailure.CredentialsRefused,
        Twirp.Exception { Type: Twirp.ErrorCode.Unavailable or Twirp.ErrorCode.Resource_Exhausted } => LiveKitFailure.Unreachable,
        Twirp.Exception { Type: Twirp.ErrorCode.Deadline_Exceeded } => LiveKitFailure.TimedOut,
        Twirp.Exception { Type: Twirp.ErrorCode.NoError or Twirp.ErrorCode.Unknown } => LiveKitFailure.BadAnswer,
        Twirp.Exception { Type: Twirp.ErrorCode.Not_Found } => LiveKitFailure.NotFound,
        Twirp.Exception => LiveKitFailure.Refused,
        InvalidProtocolBufferException => LiveKitFailure.BadAnswer,
        _ => null,
    };

    /// <summary>
    /// Judges the answer before the SDK reads it: LiveKit's 401 is plain text, which the SDK cannot tell from any other failure, and
    /// a proxy's page may by chance parse as an empty message.
    /// </summary>
    internal sealed class AnswerCheck : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var response = await base.SendAsync(request, cancellationToken);
            var failure = response.StatusCode switch
            {
                HttpStatusCode.Unauthorized => LiveKitFailure.CredentialsRefused,
                _ when IsTwirp(response.Content.Headers.ContentType) => (LiveKitFailure?)null,
                HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout => LiveKitFailure.Unreachable,
                _ => LiveKitFailure.BadAnswer,
            };
            if (failure is not { } known) return response;
            response.Dispose();
            throw new AnswerException(known);
        }

        private static bool IsTwirp(MediaTypeHeaderValue? type) => type?.MediaType is "application/protobuf" or "application/json";
    }

    /// <summary>A token that opens all of LiveKit's ingresses is good for that alone, for this call and hardly longer.</summary>
    internal sealed class NarrowToken(AccessTokens tokens) : DelegatingHandler
    {
        private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(1);

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (request.Headers.Authorization is { Parameter: { } token } bearer) request.Headers.Authorization = new(bearer.Scheme, tokens.Narrowed(token, Lifetime));
            return base.SendAsync(request, cancellationToken);
        }
    }

    private sealed class AnswerException(LiveKitFailure failure) : Exception
    {
        public LiveKitFailure Failure => failure;
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "LiveKit's {Method} failed: {Failure}")]
        public static partial void Failed(ILogger logger, string method, LiveKitFailure failure);

        [LoggerMessage(Level = LogLevel.Information, Message = "Ingress {IngressId} was gone already")]
        public static partial void AlreadyGone(ILogger logger, string ingressId);
    }
}

/// <summary>A new ingress: the one time its key is seen.</summary>
public sealed record CreatedIngress(string Id, string ServerUrl, StreamKey Key);

/// <summary>An ingress that LiveKit has.</summary>
public sealed record KnownIngress(string Id, string ServerUrl, StreamKey Key, bool IsEnabled);
