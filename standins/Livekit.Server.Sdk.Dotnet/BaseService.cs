using System.Net.Http.Headers;
using Google.Protobuf;

namespace Livekit.Server.Sdk.Dotnet;

public class BaseService
{
    private readonly string key;
    private readonly string secret;
    protected readonly HttpClient httpClient;

    public BaseService(string host, string apiKey, string apiSecret, HttpClient? client = null)
    {
        AccessToken.RequireUsable(apiKey, apiSecret);
        (key, secret) = (apiKey, apiSecret);
#pragma warning disable RS0030 // as in the SDK: without a client of the caller's there is no factory to ask
        httpClient = client ?? new HttpClient();
#pragma warning restore RS0030
        httpClient.BaseAddress = new Uri(host);
        httpClient.DefaultRequestHeaders.UserAgent.ParseAdd("LiveKit .NET SDK");
    }

    protected string AuthHeader(VideoGrants videoGrants) => new AccessToken(key, secret).WithGrants(videoGrants).ToJwt();

    // The grant travels in a default header of the client, as in the SDK: two calls at once on one client can swap tokens.
    private protected Task<TResponse> Call<TResponse>(string path, IMessage request, MessageParser<TResponse> parser, VideoGrants grants)
        where TResponse : IMessage<TResponse>
    {
        httpClient.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", AuthHeader(grants));
        return Twirp.Post(httpClient, path, request, parser);
    }
}
