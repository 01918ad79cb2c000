using System.Net.Http.Headers;
using System.Text;
using Google.Protobuf;
using Livekit.Server.Sdk.Dotnet;
using LiveKitSimulator;

namespace Streaming.Tests.Simulator;

/// <summary>A simulator with one receiver of its webhooks, and the SDK's clients for it.</summary>
public sealed class Simulated : IAsyncDisposable
{
    private readonly HttpClient http = new(new SocketsHttpHandler());

    private Simulated(LiveKitSimulatorHost host, Receiver receiver) => (Host, Receiver) = (host, receiver);

    public LiveKitSimulatorHost Host { get; }
    public Receiver Receiver { get; }
    public SimulatorClient Play => Host.Client;
    public RoomServiceClient Rooms => new(Host.Address.ToString(), Host.Options.ApiKey, Secret, Http());
    public IngressServiceClient Ingresses => new(Host.Address.ToString(), Host.Options.ApiKey, Secret, Http());
    public EgressServiceClient Egresses => new(Host.Address.ToString(), Host.Options.ApiKey, Secret, Http());

    // The SDK's clients set the address and the token of the one they are given.
    private static HttpClient Http() => new(new SocketsHttpHandler());

    private string Secret => Host.Options.ApiSecret.Reveal();

    public static async Task<Simulated> StartAsync(Func<SimulatorOptions, SimulatorOptions>? change = null)
    {
        var receiver = await Receiver.StartAsync();
        var options = new SimulatorOptions { Webhooks = [receiver.Url] };
        return new Simulated(await LiveKitSimulatorHost.StartAsync(change?.Invoke(options) ?? options), receiver);
    }

    public Task<IngressInfo> Ingress(string room, IngressInput input = IngressInput.RtmpInput, bool? enabled = null)
    {
        var request = new CreateIngressRequest { InputType = input, RoomName = room, ParticipantIdentity = $"ingress:{room}" };
        if (enabled is { } yes) request.Enabled = yes;
        return Ingresses.CreateIngress(request);
    }

    public async Task<IngressState> State(string ingressId) =>
        (await Ingresses.ListIngress(new ListIngressRequest { IngressId = ingressId })).Items.Single().State;

    public async Task<IReadOnlyList<ParticipantInfo>> Participants(string room) =>
        [.. (await Rooms.ListParticipants(new ListParticipantsRequest { Room = room })).Participants];

    public string Token(VideoGrants grants, string identity = "") =>
        new AccessToken(Host.Options.ApiKey, Secret).WithIdentity(identity).WithGrants(grants).ToJwt();

    public async Task<(int Status, string? ContentType, string Body)> Call(
        string path, string? authorization, string contentType, byte[] body, HttpMethod? method = null)
    {
        using var request = new HttpRequestMessage(method ?? HttpMethod.Post, new Uri(Host.Address, path));
        request.Content = new ByteArrayContent(body);
        request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(contentType);
        if (authorization is not null) request.Headers.TryAddWithoutValidation("Authorization", authorization);
        using var response = await http.SendAsync(request);
        return ((int)response.StatusCode, response.Content.Headers.ContentType?.MediaType, await response.Content.ReadAsStringAsync());
    }

    public Task<(int Status, string? ContentType, string Body)> Call(string path, string? authorization, IMessage message, bool json) =>
        json
        ? Call(path, authorization, "application/json", Encoding.UTF8.GetBytes(JsonFormatter.Default.Format(message)))
        : Call(path, authorization, "application/protobuf", message.ToByteArray());

    public async Task<IReadOnlyList<string>> Events()
    {
        Assert.True((await Play.Idle(TimeSpan.FromSeconds(10))).IsIdle);
        return [.. Receiver.All.Select(request => request.Event)];
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        await Host.DisposeAsync();
        await Receiver.DisposeAsync();
    }
}
