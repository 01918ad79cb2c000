using Google.Protobuf;

namespace Livekit.Server.Sdk.Dotnet;

public class IngressServiceClient(string host, string apiKey, string apiSecret, HttpClient? client = null)
    : BaseService(host, apiKey, apiSecret, client)
{
    public Task<IngressInfo> CreateIngress(CreateIngressRequest request) => Invoke("CreateIngress", request, IngressInfo.Parser);

    public Task<IngressInfo> UpdateIngress(UpdateIngressRequest request) => Invoke("UpdateIngress", request, IngressInfo.Parser);

    public Task<ListIngressResponse> ListIngress(ListIngressRequest request) => Invoke("ListIngress", request, ListIngressResponse.Parser);

    public Task<IngressInfo> DeleteIngress(DeleteIngressRequest request) => Invoke("DeleteIngress", request, IngressInfo.Parser);

    private Task<TResponse> Invoke<TResponse>(string method, IMessage request, MessageParser<TResponse> parser)
        where TResponse : IMessage<TResponse> => Call($"livekit.Ingress/{method}", request, parser, new() { IngressAdmin = true });
}
