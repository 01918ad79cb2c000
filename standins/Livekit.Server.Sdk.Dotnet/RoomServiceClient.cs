using Google.Protobuf;

namespace Livekit.Server.Sdk.Dotnet;

public class RoomServiceClient(string host, string apiKey, string apiSecret, HttpClient? client = null)
    : BaseService(host, apiKey, apiSecret, client)
{
    public Task<Room> CreateRoom(CreateRoomRequest request) => Invoke("CreateRoom", request, Room.Parser, new() { RoomCreate = true });

    public Task<ListRoomsResponse> ListRooms(ListRoomsRequest request) =>
        Invoke("ListRooms", request, ListRoomsResponse.Parser, new() { RoomList = true });

    public Task<DeleteRoomResponse> DeleteRoom(DeleteRoomRequest request) =>
        Invoke("DeleteRoom", request, DeleteRoomResponse.Parser, new() { RoomCreate = true });

    public Task<ListParticipantsResponse> ListParticipants(ListParticipantsRequest request) =>
        Invoke("ListParticipants", request, ListParticipantsResponse.Parser, Admin(request.Room));

    public Task<ParticipantInfo> GetParticipant(RoomParticipantIdentity request) =>
        Invoke("GetParticipant", request, ParticipantInfo.Parser, Admin(request.Room));

    public Task<RemoveParticipantResponse> RemoveParticipant(RoomParticipantIdentity request) =>
        Invoke("RemoveParticipant", request, RemoveParticipantResponse.Parser, Admin(request.Room));

    public Task<MuteRoomTrackResponse> MutePublishedTrack(MuteRoomTrackRequest request) =>
        Invoke("MutePublishedTrack", request, MuteRoomTrackResponse.Parser, Admin(request.Room));

    public Task<ParticipantInfo> UpdateParticipant(UpdateParticipantRequest request) =>
        Invoke("UpdateParticipant", request, ParticipantInfo.Parser, Admin(request.Room));

    public Task<SendDataResponse> SendData(SendDataRequest request)
    {
        request.Nonce = ByteString.CopyFrom(Guid.CreateVersion7().ToByteArray());
        return Invoke("SendData", request, SendDataResponse.Parser, Admin(request.Room));
    }

    public Task<Room> UpdateRoomMetadata(UpdateRoomMetadataRequest request) =>
        Invoke("UpdateRoomMetadata", request, Room.Parser, Admin(request.Room));

    private Task<TResponse> Invoke<TResponse>(string method, IMessage request, MessageParser<TResponse> parser, VideoGrants grants)
        where TResponse : IMessage<TResponse> => Call($"livekit.RoomService/{method}", request, parser, grants);

    private static VideoGrants Admin(string room) => new() { RoomAdmin = true, Room = room };
}
