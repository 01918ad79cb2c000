#pragma warning disable CS0612 // LiveKit still fills bypassTranscoding in, deprecated or not

using Livekit.Server.Sdk.Dotnet;
using static Livekit.Server.Sdk.Dotnet.IngressState.Types;

namespace LiveKitSimulator;

/// <summary>How a connection attempt went: the session's ids, or why it was refused.</summary>
public sealed record Connection(
    string? Error, string? IngressId = null, string? ResourceId = null,
    string? Room = null, string? Identity = null, string? ParticipantSid = null)
{
    public bool Accepted => Error is null;
}

/// <summary>The ingresses (stream keys) and the encoders that use them.</summary>
public sealed class Ingresses(SimulatorOptions options, Rooms rooms, Webhooks webhooks)
{
    public const string IdAttribute = "ingress.ingressID";
    public const string ResourceAttribute = "ingress.resourceID";

    private readonly Dictionary<string, LiveIngress> ingresses = [];

    private DateTimeOffset Now => options.Time.GetUtcNow();

    // ---- the API

    public IngressInfo Create(CreateIngressRequest request)
    {
        lock (rooms.Gate)
        {
            // No worker pulls URLs here; the story url-input-fails has its own way in.
            if (request.InputType is IngressInput.UrlInput) throw RefusalException.NobodyAnswers();
            if (request.InputType is not (IngressInput.RtmpInput or IngressInput.WhipInput))
                throw RefusalException.Invalid("invalid ingress type");

            var info = new IngressInfo
            {
                IngressId = Ids.Of("IN_"),
                Name = request.Name,
                StreamKey = options.StreamKeyPrefix + Ids.Of(""),
                Url = request.InputType is IngressInput.RtmpInput ? options.RtmpUrl : options.WhipUrl,
                InputType = request.InputType,
                Audio = request.Audio?.Clone(),
                Video = request.Video?.Clone(),
                RoomName = request.RoomName,
                ParticipantIdentity = request.ParticipantIdentity,
                ParticipantName = request.ParticipantName,
                ParticipantMetadata = request.ParticipantMetadata,
                Reusable = true,
            };
            if (request.HasEnableTranscoding) info.EnableTranscoding = request.EnableTranscoding;
            if (request.HasEnabled) info.Enabled = request.Enabled;
            return Keep(info).Snapshot();
        }
    }

    public IngressInfo Update(UpdateIngressRequest request)
    {
        lock (rooms.Gate)
        {
            var ingress = Required(request.IngressId);
            if (!ingress.Info.Reusable) throw RefusalException.Invalid("ingress is not reusable and cannot be modified");

            // An error is wiped first, which LiveKit's store takes for yet another end.
            if (ingress.State.Status is Status.EndpointError) Report(ingress, Change(ingress.State, Status.EndpointInactive));

            var changed = ingress.Info.Clone();
            if (request.Name.Length > 0) changed.Name = request.Name;
            if (request.RoomName.Length > 0) changed.RoomName = request.RoomName;
            if (request.ParticipantIdentity.Length > 0) changed.ParticipantIdentity = request.ParticipantIdentity;
            if (request.ParticipantName.Length > 0) changed.ParticipantName = request.ParticipantName;
            if (request.ParticipantMetadata.Length > 0) changed.ParticipantMetadata = request.ParticipantMetadata;
            if (request.HasEnableTranscoding) changed.EnableTranscoding = request.EnableTranscoding;
            if (request.Audio is { } audio) changed.Audio = audio.Clone();
            if (request.Video is { } video) changed.Video = video.Clone();
            if (request.HasEnabled) changed.Enabled = request.Enabled;
            Validate(changed);

            // Whatever is changed, a running session does not survive it. One whose state a refused connection overwrote does.
            if (ingress.State.Status is Status.EndpointPublishing) End(ingress, Status.EndpointInactive);
            ingress.Info = changed;
            return ingress.Snapshot();
        }
    }

    public ListIngressResponse List(ListIngressRequest request)
    {
        lock (rooms.Gate)
        {
            IEnumerable<LiveIngress> asked = request.IngressId.Length > 0 ? [Required(request.IngressId)]
                : request.RoomName.Length > 0 ? ingresses.Values.Where(ingress => ingress.Info.RoomName == request.RoomName)
                : ingresses.Values;
            var answer = new ListIngressResponse();
            answer.Items.AddRange(asked.Select(ingress => ingress.Snapshot()));
            return answer;
        }
    }

    public IngressInfo Delete(DeleteIngressRequest request)
    {
        lock (rooms.Gate)
        {
            var ingress = Required(request.IngressId);
            ingresses.Remove(request.IngressId);
            ingress.Deleted = true;

            // The session's end finds no ingress to write to, so nobody hears of it. Only a session that the stored state knows of is
            // ended: after a refused connection the encoder publishes on without an ingress.
            if (ingress.State.Status is Status.EndpointPublishing) End(ingress, Status.EndpointInactive);
            var answer = ingress.Snapshot();
            answer.State.Status = Status.EndpointInactive;
            return answer;
        }
    }

    // ---- what encoders do

    /// <summary>An encoder connects. The newest one wins: who published with this key before is put out.</summary>
    public Connection Connect(string streamKey, Encoder encoder)
    {
        lock (rooms.Gate)
        {
            if (ByKey(streamKey) is not { } ingress) return new Connection("ingress not found");

            var protocol = encoder.Speaks(ingress.Info.InputType);
            var resourceId = Ids.Of(protocol is IngressInput.RtmpInput ? "RT_" : "WH_");
            // Always later than the connection before: LiveKit tells them apart by it.
            var startedAt = Math.Max(Now.Nanoseconds(), ingress.State.StartedAt + 1);
            var refusal =
                ingress.Info.HasEnabled && !ingress.Info.Enabled ? "session is disabled"
                : ingress.Info.RoomName.Length == 0 ? "invalid ingress: no room name"
                : protocol != ingress.Info.InputType ? "invalid ingress type"
                : encoder.NoCapacity ? "server capacity exceeded"
                : null;
            if (refusal is not null)
            {
                // A connection that never was still overwrites the state of one that is.
                Report(ingress, Begun(resourceId, startedAt, Status.EndpointError, refusal));
                return new Connection(refusal, ingress.Info.IngressId, resourceId);
            }

            var media = Input(ingress.Info, encoder);
            var state = Begun(resourceId, startedAt);
            Report(ingress, state);

            var former = ingress.Session;
            former?.Watchdog?.Dispose();
            ingress.Session = null;
            if (former is not null) former.Participant.Disconnected = null;

            Participant participant;
            try
            {
                participant = rooms.Join(ingress.Info.RoomName, Publisher(ingress.Info));
            }
            catch (RefusalException full)
            {
                Report(ingress, Change(state, Status.EndpointError, full.Message));
                return new Connection(full.Message, ingress.Info.IngressId, resourceId);
            }

            var session = new IngressSession(resourceId, startedAt, participant, media);
            ingress.Session = session;
            Attach(ingress, session);

            state = Change(state, Status.EndpointPublishing);
            (state.Video, state.Audio) = (media.VideoAtStart, media.AudioAtStart);
            Report(ingress, state);
            if (encoder.StartedTwice) Queue("ingress_started", ingress);

            rooms.Publish(ingress.Info.RoomName, participant, media);
            var (info, joined) = (ingress.Info, participant.Info);
            return new Connection(null, info.IngressId, resourceId, info.RoomName, joined.Identity, joined.Sid);
        }
    }

    /// <summary>The encoder goes, properly or by a kill: its connection closes either way. False when none is there.</summary>
    public bool Disconnect(string streamKey)
    {
        lock (rooms.Gate) return ByKey(streamKey) is { } ingress && End(ingress, Status.EndpointInactive);
    }

    /// <summary>The encoder stands still with its connection open: nobody notices until a watchdog does.</summary>
    public bool Freeze(string streamKey)
    {
        lock (rooms.Gate)
        {
            if (ByKey(streamKey) is not { Session: { } session } ingress) return false;

            session.Watchdog?.Dispose();
            session.Watchdog = options.Time.CreateTimer(
                _ =>
                {
                    lock (rooms.Gate)
                    {
                        if (ingress.Session == session) End(ingress, Status.EndpointError, "source encoder not ready");
                    }
                },
                null, options.FrozenEncoderTimeout, Timeout.InfiniteTimeSpan);
            return true;
        }
    }

    /// <summary>A URL input whose source cannot be read: its participant comes and goes, and the ingress ends with the error.</summary>
    public Connection PullFails(string room, string identity, string url)
    {
        lock (rooms.Gate)
        {
            var ingress = Keep(new IngressInfo
            {
                IngressId = Ids.Of("IN_"),
                Url = url,
                InputType = IngressInput.UrlInput,
                Audio = new IngressAudioOptions(),
                Video = new IngressVideoOptions(),
                RoomName = room,
                ParticipantIdentity = identity,
            });
            var (resourceId, startedAt) = (Ids.Of("UR_"), Now.Nanoseconds());
            Report(ingress, Begun(resourceId, startedAt));
            var participant = rooms.Join(room, Publisher(ingress.Info));
            ingress.Session = new IngressSession(resourceId, startedAt, participant, new Media());
            Attach(ingress, ingress.Session);

            const string error = "Internal data stream error.";
            End(ingress, Status.EndpointError, error);
            return new Connection(error, ingress.Info.IngressId, resourceId, room, identity, participant.Info.Sid);
        }
    }

    public LiveIngress? ByKey(string streamKey)
    {
        if (streamKey.Length == 0) return null;
        lock (rooms.Gate) return ingresses.Values.FirstOrDefault(ingress => ingress.Info.StreamKey == streamKey);
    }

    /// <summary>After a restart of LiveKit the worker's session goes on under a new participant.</summary>
    public void Reconnected(Participant former, Participant now)
    {
        lock (rooms.Gate)
        {
            var found = ingresses.Values.FirstOrDefault(ingress => ingress.Session?.Participant == former);
            if (found is not { Session: { } session }) return;
            session.Participant = now;
            Attach(found, session);
        }
    }

    private static Media Input(IngressInfo info, Encoder encoder) => info switch
    {
        { InputType: IngressInput.RtmpInput } => Media.Rtmp(info.IngressId, encoder),
        { EnableTranscoding: true } => Media.WhipTranscoded(info.IngressId, encoder),
        _ => Media.WhipPassThrough(info.IngressId, encoder),
    };

    private static ParticipantInfo Publisher(IngressInfo info) => new()
    {
        Identity = info.ParticipantIdentity,
        Name = info.ParticipantName,
        Metadata = info.ParticipantMetadata,
        Kind = ParticipantInfo.Types.Kind.Ingress,
        Permission = new ParticipantPermission { CanPublish = true, CanPublishData = true, CanUpdateMetadata = true },
        Attributes = { [IdAttribute] = info.IngressId },
    };

    // The token brings the ingress' id; the connection's is set just after joining, so participant_joined lacks it.
    private void Attach(LiveIngress ingress, IngressSession session)
    {
        session.Participant.Info.Attributes[ResourceAttribute] = session.ResourceId;
        session.Participant.Changed();
        session.Participant.Disconnected = reason =>
        {
            if (ingress.Session == session && reason is not DisconnectReason.DuplicateIdentity)
                End(ingress, Status.EndpointError, "room disconnected");
        };
    }

    private bool End(LiveIngress ingress, Status status, string error = "")
    {
        if (ingress.Session is not { } session) return false;

        ingress.Session = null;
        session.Watchdog?.Dispose();
        var roomId = rooms.SidOf(ingress.Info.RoomName) ?? "";
        rooms.Leave(ingress.Info.RoomName, session.Participant);
        if (ingress.Deleted) return true;

        var now = Now.Nanoseconds();
        Report(ingress, new IngressState
        {
            Status = status,
            Error = error,
            Video = session.Media.Video,
            Audio = session.Media.Audio,
            RoomId = roomId,
            StartedAt = session.StartedAt,
            EndedAt = now,
            UpdatedAt = now,
            ResourceId = session.ResourceId,
        });
        return true;
    }

    private LiveIngress Keep(IngressInfo info)
    {
        Validate(info);
        return ingresses[info.IngressId] = new LiveIngress(info);
    }

    // Rejects what LiveKit rejects and settles transcoding: WHIP passes through unless told otherwise, the rest cannot.
    private static void Validate(IngressInfo info)
    {
        if (info.ParticipantIdentity.Length == 0) throw RefusalException.Invalid("invalid ingress: no participant identity");

        var whip = info.InputType is IngressInput.WhipInput;
        var transcodes = info.HasEnableTranscoding ? info.EnableTranscoding : !whip;
        if (!transcodes && !whip)
            throw Impossible("bypassing transcoding impossible with selected input type");
        if (!transcodes && info.Video is { EncodingOptionsCase: not IngressVideoOptions.EncodingOptionsOneofCase.None })
            throw Impossible("video encoding options must be empty if transcoding is disabled");
        if (!transcodes && info.Audio is { EncodingOptionsCase: not IngressAudioOptions.EncodingOptionsOneofCase.None })
            throw Impossible("audio encoding options must be empty if transcoding is disabled");

        info.EnableTranscoding = transcodes;
        info.BypassTranscoding = !transcodes;

        static RefusalException Impossible(string why) => RefusalException.Invalid($"invalid transcoding bypass configuration: {why}");
    }

    private static IngressState Begun(string resourceId, long startedAt, Status status = Status.EndpointBuffering, string error = "") =>
        new() { Status = status, Error = error, StartedAt = startedAt, UpdatedAt = startedAt, ResourceId = resourceId };

    private static IngressState Change(IngressState state, Status status, string error = "")
    {
        var changed = state.Clone();
        (changed.Status, changed.Error) = (status, error);
        return changed;
    }

    private void Report(LiveIngress ingress, IngressState report)
    {
        if (ingress.Report(report) is { } what) Queue(what, ingress);
    }

    private void Queue(string what, LiveIngress ingress) => webhooks.Queue(WebhookEvent.OfIngress(what, ingress.Snapshot(), Now));

    private LiveIngress Required(string ingressId) =>
        ingresses.TryGetValue(ingressId, out var ingress) ? ingress : throw RefusalException.IngressNotFound();
}
