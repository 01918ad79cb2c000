using Google.Protobuf;
using Livekit.Server.Sdk.Dotnet;

namespace LiveKitSimulator;

/// <summary>One method of LiveKit's API.</summary>
/// <param name="Grant">What a token must hold to call it.</param>
/// <param name="Room">The room the token must be for, where the method is about one.</param>
public sealed record TwirpMethod(
    string Service, string Name, string Grant, MessageParser Parser, Func<IMessage, string>? Room, Func<IMessage, IMessage> Perform);

/// <summary>The methods that are served. A path that is not here is answered as LiveKit answers an unknown one.</summary>
public sealed class TwirpMethods
{
    private readonly Dictionary<(string Service, string Method), TwirpMethod> methods = [];

    public TwirpMethods(Rooms rooms, Ingresses ingresses)
    {
        const string room = "livekit.RoomService";
        Add(room, "CreateRoom", "roomCreate", CreateRoomRequest.Parser, rooms.Create);
        Add(room, "ListRooms", "roomList", ListRoomsRequest.Parser, rooms.List);
        Add(room, "DeleteRoom", "roomCreate", DeleteRoomRequest.Parser, rooms.Delete);
        Add(room, "ListParticipants", "roomAdmin", ListParticipantsRequest.Parser, rooms.ListParticipants, request => request.Room);
        Add(room, "GetParticipant", "roomAdmin", RoomParticipantIdentity.Parser, rooms.GetParticipant, request => request.Room);
        Add(room, "RemoveParticipant", "roomAdmin", RoomParticipantIdentity.Parser, rooms.RemoveParticipant, request => request.Room);
        Add(room, "UpdateParticipant", "roomAdmin", UpdateParticipantRequest.Parser, rooms.UpdateParticipant, request => request.Room);
        Add(room, "MutePublishedTrack", "roomAdmin", MuteRoomTrackRequest.Parser, rooms.Mute, request => request.Room);
        Add(room, "SendData", "roomAdmin", SendDataRequest.Parser, rooms.SendData, request => request.Room);
        Add(room, "UpdateRoomMetadata", "roomAdmin", UpdateRoomMetadataRequest.Parser, rooms.UpdateMetadata, request => request.Room);

        const string ingress = "livekit.Ingress";
        Add(ingress, "CreateIngress", "ingressAdmin", CreateIngressRequest.Parser, ingresses.Create);
        Add(ingress, "UpdateIngress", "ingressAdmin", UpdateIngressRequest.Parser, ingresses.Update);
        Add(ingress, "ListIngress", "ingressAdmin", ListIngressRequest.Parser, ingresses.List);
        Add(ingress, "DeleteIngress", "ingressAdmin", DeleteIngressRequest.Parser, ingresses.Delete);

        // No egress ever runs here.
        const string egress = "livekit.Egress";
        Add<ListEgressRequest>(egress, "ListEgress", "roomRecord", ListEgressRequest.Parser, _ => new ListEgressResponse());
        Add<StopEgressRequest>(egress, "StopEgress", "roomRecord", StopEgressRequest.Parser, _ => throw RefusalException.EgressNotFound());
    }

    public bool Serves(string service) => methods.Keys.Any(known => known.Service == service);

    public TwirpMethod? Find(string service, string method) => methods.GetValueOrDefault((service, method));

    private void Add<TRequest>(
        string service, string name, string grant, MessageParser<TRequest> parser,
        Func<TRequest, IMessage> perform, Func<TRequest, string>? room = null)
        where TRequest : IMessage<TRequest> =>
        methods[(service, name)] = new TwirpMethod(
            service, name, grant, parser,
            room is null ? null : request => room((TRequest)request),
            request => perform((TRequest)request));
}
