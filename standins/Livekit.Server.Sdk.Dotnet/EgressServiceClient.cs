namespace Livekit.Server.Sdk.Dotnet;

public class EgressServiceClient(string host, string apiKey, string apiSecret, HttpClient? client = null)
    : BaseService(host, apiKey, apiSecret, client)
{
    public Task<ListEgressResponse> ListEgress(ListEgressRequest request) =>
        Call("livekit.Egress/ListEgress", request, ListEgressResponse.Parser, new() { RoomRecord = true });

    public Task<EgressInfo> StopEgress(StopEgressRequest request) =>
        Call("livekit.Egress/StopEgress", request, EgressInfo.Parser, new() { RoomRecord = true });
}
