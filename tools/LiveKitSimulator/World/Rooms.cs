using Livekit.Server.Sdk.Dotnet;

namespace LiveKitSimulator;

/// <summary>Data that was sent into a room.</summary>
public sealed record SentData(
    DateTimeOffset At, string Room, string? Topic, string Kind, IReadOnlyList<string> DestinationIdentities, byte[] Data);

/// <summary>The rooms and who is in them. Rooms and ingresses share one lock, so that events leave in the order things happened.</summary>
public sealed class Rooms(SimulatorOptions options, Webhooks webhooks) : IDisposable
{
    // What a server offers unless configured otherwise.
    private static readonly string[] Codecs =
    [
        "audio/PCMU", "audio/PCMA", "audio/opus", "audio/red",
        "video/VP8", "video/H264", "video/VP9", "video/AV1", "video/H265", "video/rtx",
    ];

    private readonly Dictionary<string, LiveRoom> rooms = [];
    private readonly List<SentData> sent = [];

    public Lock Gate { get; } = new();

    private DateTimeOffset Now => options.Time.GetUtcNow();

    // ---- the API

    public Room Create(CreateRoomRequest request)
    {
        lock (Gate)
        {
            if (request.Name.Length == 0) throw RefusalException.Invalid("no room name");
            if (request.Name.Length > 256) throw RefusalException.Invalid("room name length exceeds limits");

            var room = Open(request.Name);
            if (request.EmptyTimeout > 0) room.StayEmptyFor(request.EmptyTimeout);
            if (request.DepartureTimeout > 0) room.StayDesertedFor(request.DepartureTimeout);
            if (request.MaxParticipants > 0) room.Info.MaxParticipants = request.MaxParticipants;
            if (request.Metadata.Length > 0) room.Info.Metadata = request.Metadata;
            AnnounceIfNew(room);
            if (room.Participants.Count == 0) CloseAfter(room, room.EmptyTimeout);
            return room.Info.Clone();
        }
    }

    public ListRoomsResponse List(ListRoomsRequest request)
    {
        lock (Gate)
        {
            var answer = new ListRoomsResponse();
            var asked = rooms.Values.Where(room => request.Names.Count == 0 || request.Names.Contains(room.Info.Name));
            answer.Rooms.AddRange(asked.Select(Snapshot));
            return answer;
        }
    }

    public DeleteRoomResponse Delete(DeleteRoomRequest request)
    {
        lock (Gate)
        {
            var room = Required(request.Room);
            foreach (var participant in room.Participants.ToList()) Remove(room, participant, DisconnectReason.RoomDeleted);
            Close(room);
            return new DeleteRoomResponse();
        }
    }

    public Room UpdateMetadata(UpdateRoomMetadataRequest request)
    {
        lock (Gate)
        {
            var room = Required(request.Room);
            room.Info.Metadata = request.Metadata;
            return Snapshot(room);
        }
    }

    // An unknown room has no participants, as far as LiveKit's store can tell.
    public ListParticipantsResponse ListParticipants(ListParticipantsRequest request)
    {
        lock (Gate)
        {
            var answer = new ListParticipantsResponse();
            if (rooms.TryGetValue(request.Room, out var room))
                answer.Participants.AddRange(room.Participants.Select(participant => participant.Info.Clone()));
            return answer;
        }
    }

    public ParticipantInfo GetParticipant(RoomParticipantIdentity request)
    {
        lock (Gate) return (Find(request.Room, request.Identity) ?? throw RefusalException.ParticipantNotFound()).Info.Clone();
    }

    public RemoveParticipantResponse RemoveParticipant(RoomParticipantIdentity request)
    {
        lock (Gate)
        {
            var participant = Find(request.Room, request.Identity) ?? throw RefusalException.ParticipantNotFound();
            Remove(rooms[request.Room], participant, DisconnectReason.ParticipantRemoved);
            return new RemoveParticipantResponse();
        }
    }

    public ParticipantInfo UpdateParticipant(UpdateParticipantRequest request)
    {
        lock (Gate)
        {
            var participant = Find(request.Room, request.Identity) ?? throw RefusalException.ParticipantNotFound();
            if (request.Metadata.Length > 0) participant.Info.Metadata = request.Metadata;
            if (request.Name.Length > 0) participant.Info.Name = request.Name;
            if (request.Permission is { } permission) participant.Info.Permission = permission.Clone();
            foreach (var (name, value) in request.Attributes)
            {
                if (value.Length > 0) participant.Info.Attributes[name] = value;
                else participant.Info.Attributes.Remove(name);
            }

            participant.Changed();
            return participant.Info.Clone();
        }
    }

    public MuteRoomTrackResponse Mute(MuteRoomTrackRequest request)
    {
        lock (Gate)
        {
            var participant = Find(request.Room, request.Identity) ?? throw RefusalException.NobodyAnswers();
            if (!request.Muted) throw new RefusalException("failed_precondition", "remote unmute not enabled");
            var track = participant.Info.Tracks.FirstOrDefault(track => track.Sid == request.TrackSid);
            if (track is null) return new MuteRoomTrackResponse();

            track.Muted = request.Muted;
            participant.Changed();
            return new MuteRoomTrackResponse { Track = track.Clone() };
        }
    }

    public SendDataResponse SendData(SendDataRequest request)
    {
        lock (Gate)
        {
            if (request.Nonce.Length is not (0 or 16))
                throw RefusalException.Invalid($"nonce should be 16-bytes or not present, got: {request.Nonce.Length} bytes");
            if (!rooms.ContainsKey(request.Room)) throw RefusalException.NobodyAnswers();
            var topic = request.HasTopic ? request.Topic : null;
            var to = request.DestinationIdentities.ToList();
            sent.Add(new SentData(Now, request.Room, topic, request.Kind.ToString(), to, request.Data.ToByteArray()));
            return new SendDataResponse();
        }
    }

    public IReadOnlyList<SentData> Sent
    {
        get
        {
            lock (Gate) return [.. sent];
        }
    }

    // ---- what people do

    /// <summary>Somebody comes in; one who is there under the same identity is put out.</summary>
    public Participant Join(string roomName, ParticipantInfo info)
    {
        lock (Gate)
        {
            var room = Enter(roomName, info);
            if (room.Find(info.Identity) is { } former) Remove(room, former, DisconnectReason.DuplicateIdentity);
            StayOpen(room);

            var participant = new Participant(info);
            info.State = ParticipantInfo.Types.State.Active;
            Tell(room, participant, "participant_joined");
            room.Participants.Add(participant);
            return participant;
        }
    }

    /// <summary>Somebody asks to come in and is gone before the media connection stands: he never joined.</summary>
    public void AbortJoin(string roomName, ParticipantInfo info)
    {
        lock (Gate)
        {
            var room = Enter(roomName, info);
            info.State = ParticipantInfo.Types.State.Disconnected;
            info.DisconnectReason = DisconnectReason.SignalClose;
            Tell(room, new Participant(info), "participant_connection_aborted");
            CloseWhenDeserted(room);
        }
    }

    public void Publish(string roomName, Participant participant, Media media)
    {
        lock (Gate)
        {
            var room = rooms[roomName];
            participant.Publish(media);
            foreach (var track in media.Tracks)
            {
                participant.Changed();
                var announced = media.Announce(track, Now);
                participant.Info.Tracks.Add(track);
                webhooks.Queue(WebhookEvent.OfTrack("track_published", room.Info, participant.Info, announced, Now));
            }
        }
    }

    /// <summary>Somebody leaves by himself; false when he is not there (any more).</summary>
    public bool Leave(string roomName, Participant participant, DisconnectReason reason = DisconnectReason.ClientInitiated)
    {
        lock (Gate)
        {
            if (!rooms.TryGetValue(roomName, out var room) || !room.Participants.Contains(participant)) return false;
            Out(room, participant, reason);
            return true;
        }
    }

    public Participant? Find(string roomName, string identity)
    {
        lock (Gate) return rooms.TryGetValue(roomName, out var room) ? room.Find(identity) : null;
    }

    public string? SidOf(string roomName)
    {
        lock (Gate) return rooms.TryGetValue(roomName, out var room) ? room.Info.Sid : null;
    }

    /// <summary>
    /// LiveKit is killed and comes back: its store remembers the rooms, everybody connects anew and nobody is told that the old
    /// connections ended.
    /// </summary>
    /// <param name="reconnected">Told for each participant who he is now.</param>
    public void Restart(bool reconnect, Action<Participant, Participant> reconnected)
    {
        lock (Gate)
        {
            webhooks.Forget();
            foreach (var room in rooms.Values.ToList())
            {
                var before = room.Participants.ToList();
                room.Participants.Clear();
                room.Count(Now, TimeSpan.Zero);
                StayOpen(room);
                if (!reconnect || before.Count == 0)
                {
                    // Nobody tells a restarted server of a room that nobody comes back to.
                    rooms.Remove(room.Info.Name);
                    continue;
                }

                webhooks.Queue(WebhookEvent.OfRoom("room_started", room.Info, Now));
                foreach (var former in before)
                {
                    var info = former.Info.Clone();
                    info.Sid = Ids.Of("PA_");
                    info.Tracks.Clear();
                    info.IsPublisher = false;
                    info.Attributes.Remove(Ingresses.ResourceAttribute);
                    var participant = Join(room.Info.Name, Fresh(info));
                    reconnected(former, participant);
                    if (former.Media is { } media) Publish(room.Info.Name, participant, media.Renewed());
                }
            }
        }
    }

    public void Dispose()
    {
        lock (Gate)
        {
            foreach (var room in rooms.Values) room.Closing?.Dispose();
        }
    }

    // ---- how rooms come and go

    private LiveRoom Enter(string roomName, ParticipantInfo info)
    {
        var room = Open(roomName);
        var others = room.Participants.Count(other => other.Counts && other.Info.Identity != info.Identity);
        if (room.Info.MaxParticipants > 0 && others >= room.Info.MaxParticipants)
            throw new RefusalException("resource_exhausted", "room has exceeded its max participants");

        AnnounceIfNew(room);
        StayOpen(room);
        Fresh(info);
        return room;
    }

    private ParticipantInfo Fresh(ParticipantInfo info)
    {
        if (info.Sid.Length == 0) info.Sid = Ids.Of("PA_");
        info.JoinedAt = Now.ToUnixTimeSeconds();
        info.JoinedAtMs = Now.ToUnixTimeMilliseconds();
        info.Version = 2;
        return info;
    }

    private LiveRoom Open(string name)
    {
        if (rooms.TryGetValue(name, out var room)) return room;

        var info = new Room
        {
            Sid = Ids.Of("RM_"),
            Name = name,
            EmptyTimeout = WholeSeconds(options.EmptyTimeout),
            DepartureTimeout = WholeSeconds(options.DepartureTimeout),
            CreationTime = Now.ToUnixTimeSeconds(),
            CreationTimeMs = Now.ToUnixTimeMilliseconds(),
            TurnPassword = options.TurnPasswordPrefix + Ids.TurnPassword(),
        };
        info.EnabledCodecs.AddRange(Codecs.Select(mime => new Codec { Mime = mime }));
        return new LiveRoom(info, options.EmptyTimeout, options.DepartureTimeout);
    }

    private void AnnounceIfNew(LiveRoom room)
    {
        if (!rooms.TryAdd(room.Info.Name, room)) return;
        room.Count(Now, TimeSpan.Zero);
        webhooks.Queue(WebhookEvent.OfRoom("room_started", room.Info, Now));
    }

    private void Remove(LiveRoom room, Participant participant, DisconnectReason reason)
    {
        Out(room, participant, reason);
        participant.Disconnected?.Invoke(reason);
    }

    private void Out(LiveRoom room, Participant participant, DisconnectReason reason)
    {
        room.Count(Now, options.RoomCountsLag);
        var tracks = participant.Info.Tracks.ToList();
        participant.Info.Tracks.Clear();
        foreach (var track in tracks)
        {
            participant.Changed();
            webhooks.Queue(WebhookEvent.OfTrack("track_unpublished", room.Info, participant.Info, track, Now));
        }

        participant.Changed();
        participant.Info.State = ParticipantInfo.Types.State.Disconnected;
        participant.Info.DisconnectReason = reason;
        Tell(room, participant, "participant_left");
        room.Participants.Remove(participant);
        CloseWhenDeserted(room);
    }

    private void Tell(LiveRoom room, Participant participant, string what)
    {
        room.Count(Now, options.RoomCountsLag);
        webhooks.Queue(WebhookEvent.OfParticipant(what, room.Info, participant.Info, Now));
    }

    private void CloseWhenDeserted(LiveRoom room)
    {
        if (!room.Participants.Exists(participant => participant.Counts)) CloseAfter(room, room.DepartureTimeout);
    }

    private static void StayOpen(LiveRoom room)
    {
        room.Closing?.Dispose();
        room.Closing = null;
    }

    private void CloseAfter(LiveRoom room, TimeSpan wait)
    {
        StayOpen(room);
        ITimer? timer = null;
        timer = options.Time.CreateTimer(
            _ =>
            {
                lock (Gate)
                {
                    // A timer that fires while it is being replaced has nothing to say any more.
                    if (timer is not null && room.Closing == timer) Close(room);
                }
            },
            null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        room.Closing = timer;
        timer.Change(wait, Timeout.InfiniteTimeSpan);
    }

    private void Close(LiveRoom room)
    {
        StayOpen(room);
        if (!rooms.Remove(room.Info.Name)) return;
        room.Count(Now, options.RoomCountsLag);
        webhooks.Queue(WebhookEvent.OfRoom("room_finished", room.Info, Now));
    }

    private LiveRoom Required(string name) => rooms.TryGetValue(name, out var room) ? room : throw RefusalException.RoomNotFound();

    private Room Snapshot(LiveRoom room)
    {
        room.Count(Now, options.RoomCountsLag);
        return room.Info.Clone();
    }

    // Tests close rooms after fractions of a second; LiveKit only knows whole ones.
    private static uint WholeSeconds(TimeSpan time) => (uint)Math.Ceiling(time.TotalSeconds);
}
