using Livekit.Server.Sdk.Dotnet;

namespace LiveKitSimulator;

/// <summary>What encoders, viewers, creators and administrators do, each as one call.</summary>
public sealed class Stories(SimulatorOptions options, Rooms rooms, Ingresses ingresses)
{
    // ---- encoders

    public Connection GoLive(EncoderAtKey who) => ingresses.Connect(who.StreamKey, who.Encoder ?? new Encoder());

    public Connection? TakeOver(EncoderAtKey who) => IsLive(who) ? GoLive(who) : null;

    public Connection DuplicateIngressStarted(EncoderAtKey who) =>
        ingresses.Connect(who.StreamKey, (who.Encoder ?? new Encoder()) with { StartedTwice = true });

    /// <summary>Somebody tries the key of a live stream with the wrong protocol.</summary>
    public Connection? RefusedConnectionWhileLive(EncoderAtKey who)
    {
        if (!IsLive(who)) return null;
        var wrong = ingresses.ByKey(who.StreamKey)!.Info.InputType is IngressInput.RtmpInput ? IngestProtocol.Whip : IngestProtocol.Rtmp;
        return ingresses.Connect(who.StreamKey, (who.Encoder ?? new Encoder()) with { Protocol = wrong });
    }

    public Connection RefusedStart(EncoderAtKey who) =>
        ingresses.Connect(who.StreamKey, (who.Encoder ?? new Encoder()) with { NoCapacity = true });

    public bool Stop(EncoderAtKey who) => ingresses.Disconnect(who.StreamKey);

    /// <summary>The operating system closes a killed encoder's connection, so LiveKit sees no difference.</summary>
    public bool EncoderKilled(EncoderAtKey who) => ingresses.Disconnect(who.StreamKey);

    public bool EncoderFrozen(EncoderAtKey who) => ingresses.Freeze(who.StreamKey);

    public bool DeleteWhileLive(EncoderAtKey who)
    {
        if (!IsLive(who)) return false;
        ingresses.Delete(new DeleteIngressRequest { IngressId = ingresses.ByKey(who.StreamKey)!.Info.IngressId });
        return true;
    }

    public Connection UrlInputFails(UrlInput input) => ingresses.PullFails(input.Room, input.Identity, input.Url);

    // ---- people

    public Joined ViewerJoins(Newcomer newcomer) => Join(newcomer, publishes: false);

    /// <summary>A creator comes with a browser and publishes microphone and camera, if his token lets him.</summary>
    public Joined BrowserCreator(Newcomer newcomer) => Join(newcomer, publishes: true);

    public Joined ConnectionAborted(Newcomer newcomer)
    {
        var (room, info, refusal) = Admit(newcomer);
        if (info is null) return new Joined(refusal);
        try
        {
            info.ClientProtocol = 0;
            rooms.AbortJoin(room, info);
            return new Joined(null, room, info.Identity, info.Sid);
        }
        catch (RefusalException refused)
        {
            return new Joined(refused.Message);
        }
    }

    /// <summary>Somebody who is there comes again, from another device, and does there what he did here.</summary>
    public Joined? SameIdentityJoinsTwice(Someone who)
    {
        if (rooms.Find(who.Room, who.Identity) is not { } there) return null;

        var again = there.Info.Clone();
        again.Sid = "";
        again.IsPublisher = false;
        again.Tracks.Clear();
        again.Attributes.Remove(Ingresses.ResourceAttribute);
        return Join(who.Room, again, there.Media?.Renewed());
    }

    public bool Leaves(Someone who) => rooms.Find(who.Room, who.Identity) is { } there && rooms.Leave(who.Room, there);

    /// <summary>A client dies without a word; LiveKit waits a while before it believes it.</summary>
    public bool ViewerKilled(KilledClient who)
    {
        if (rooms.Find(who.Room, who.Identity) is not { } there) return false;
        _ = Missed();
        return true;

        async Task Missed()
        {
            await Task.Delay(who.AfterMs is { } ms ? TimeSpan.FromMilliseconds(ms) : options.KilledClientTimeout, options.Time);
            rooms.Leave(who.Room, there, DisconnectReason.ConnectionTimeout);
        }
    }

    // ---- administrators

    public bool RoomDeleted(RoomName room) => Found(() => rooms.Delete(new DeleteRoomRequest { Room = room.Room }));

    public bool ParticipantRemoved(Someone who) =>
        Found(() => rooms.RemoveParticipant(new RoomParticipantIdentity { Room = who.Room, Identity = who.Identity }));

    public void LiveKitKilledAndRestarted(LiveKitRestart how) => rooms.Restart(how.Reconnect, ingresses.Reconnected);

    private bool IsLive(EncoderAtKey who) => ingresses.ByKey(who.StreamKey)?.Session is not null;

    private Joined Join(Newcomer newcomer, bool publishes)
    {
        var (room, info, refusal) = Admit(newcomer);
        return info is null ? new Joined(refusal) : Join(room, info, publishes && info.Permission.CanPublish ? Media.Browser() : null);
    }

    private Joined Join(string room, ParticipantInfo info, Media? media)
    {
        lock (rooms.Gate)
        {
            try
            {
                var participant = rooms.Join(room, info);
                if (media is not null) rooms.Publish(room, participant, media);
                return new Joined(null, room, info.Identity, info.Sid, media is not null);
            }
            catch (RefusalException refused)
            {
                return new Joined(refused.Message);
            }
        }
    }

    // The token's word on who this is and what he may do; without a token, somebody who may watch.
    private (string Room, ParticipantInfo? Info, string? Refusal) Admit(Newcomer newcomer)
    {
        if (newcomer.Token is null)
        {
            return string.IsNullOrEmpty(newcomer.Room) || string.IsNullOrEmpty(newcomer.Identity)
                ? ("", null, "Without a token, a room and an identity are needed.")
                : (newcomer.Room, new ParticipantInfo
                {
                    Identity = newcomer.Identity,
                    Name = newcomer.Name,
                    Metadata = newcomer.Metadata,
                    Permission = new ParticipantPermission { CanSubscribe = true, Hidden = newcomer.Hidden },
                    ClientProtocol = 2,
                }, null);
        }

        var (claims, refusal) = Jwt.Read(newcomer.Token, options.ApiKey, options.ApiSecret, options.Time.GetUtcNow());
        if (refusal is not null) return ("", null, refusal);

        var grants = new Grants(claims);
        var room = grants.Room.Length > 0 ? grants.Room : newcomer.Room ?? "";
        if (!grants.Has("roomJoin") || room.Length == 0 || (newcomer.Room is { Length: > 0 } wanted && wanted != room))
            return ("", null, "permissions denied");
        if (grants.Identity.Length == 0) return ("", null, "identity cannot be empty");

        var info = new ParticipantInfo
        {
            Identity = grants.Identity,
            Name = grants.Name,
            Metadata = grants.Metadata,
            Kind = Enum.TryParse<ParticipantInfo.Types.Kind>(grants.Kind, ignoreCase: true, out var kind) ? kind : default,
            Permission = grants.Permission(),
            ClientProtocol = 2,
        };
        foreach (var (name, value) in grants.Attributes) info.Attributes[name] = value;
        return (room, info, null);
    }

    private static bool Found(Action act)
    {
        try
        {
            act();
            return true;
        }
        catch (RefusalException)
        {
            return false;
        }
    }
}
