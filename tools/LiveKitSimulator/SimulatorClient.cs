using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace LiveKitSimulator;

/// <summary>Tells a running simulator what happens. Where a story needs somebody who is not there, it throws.</summary>
public sealed class SimulatorClient(HttpClient http)
{
    public static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { Converters = { new JsonStringEnumConverter() } };

    // ---- encoders

    public Task<Connection> GoLive(string streamKey, Encoder? encoder = null, CancellationToken ct = default) =>
        Ask<Connection>("go-live", new EncoderAtKey(streamKey, encoder), ct);
    public Task<Connection> TakeOver(string streamKey, Encoder? encoder = null, CancellationToken ct = default) =>
        Ask<Connection>("takeover", new EncoderAtKey(streamKey, encoder), ct);
    public Task<Connection> DuplicateIngressStarted(string streamKey, Encoder? encoder = null, CancellationToken ct = default) =>
        Ask<Connection>("duplicate-ingress-started", new EncoderAtKey(streamKey, encoder), ct);
    public Task<Connection> RefusedConnectionWhileLive(string streamKey, CancellationToken ct = default) =>
        Ask<Connection>("refused-connection-while-live", new EncoderAtKey(streamKey), ct);
    public Task<Connection> RefusedStart(string streamKey, CancellationToken ct = default) =>
        Ask<Connection>("refused-start", new EncoderAtKey(streamKey), ct);
    public Task Stop(string streamKey, CancellationToken ct = default) => Tell("stop", new EncoderAtKey(streamKey), ct);
    public Task EncoderKilled(string streamKey, CancellationToken ct = default) => Tell("encoder-killed", new EncoderAtKey(streamKey), ct);
    public Task EncoderFrozen(string streamKey, CancellationToken ct = default) => Tell("encoder-frozen", new EncoderAtKey(streamKey), ct);
    public Task DeleteWhileLive(string streamKey, CancellationToken ct = default) =>
        Tell("delete-while-live", new EncoderAtKey(streamKey), ct);
    public Task<Connection> UrlInputFails(UrlInput input, CancellationToken ct = default) => Ask<Connection>("url-input-fails", input, ct);

    // ---- people

    public Task<Joined> ViewerJoins(Newcomer newcomer, CancellationToken ct = default) => Ask<Joined>("viewer-joins", newcomer, ct);
    public Task<Joined> ViewerJoins(string room, string identity, CancellationToken ct = default) =>
        ViewerJoins(new Newcomer { Room = room, Identity = identity }, ct);
    public Task ViewerLeaves(string room, string identity, CancellationToken ct = default) =>
        Tell("viewer-leaves", new Someone(room, identity), ct);
    public Task ViewerKilled(string room, string identity, TimeSpan? after = null, CancellationToken ct = default) =>
        Tell("viewer-killed", new KilledClient(room, identity, (int?)after?.TotalMilliseconds), ct);
    public Task<Joined> BrowserCreator(Newcomer newcomer, CancellationToken ct = default) => Ask<Joined>("browser-creator", newcomer, ct);
    public Task BrowserCreatorLeaves(string room, string identity, CancellationToken ct = default) =>
        Tell("browser-creator-leaves", new Someone(room, identity), ct);
    public Task<Joined> ConnectionAborted(Newcomer newcomer, CancellationToken ct = default) =>
        Ask<Joined>("connection-aborted", newcomer, ct);
    public Task<Joined> SameIdentityJoinsTwice(string room, string identity, CancellationToken ct = default) =>
        Ask<Joined>("same-identity-joins-twice", new Someone(room, identity), ct);

    // ---- administrators

    public Task RoomDeleted(string room, CancellationToken ct = default) => Tell("room-deleted", new RoomName(room), ct);
    public Task ParticipantRemoved(string room, string identity, CancellationToken ct = default) =>
        Tell("participant-removed", new Someone(room, identity), ct);
    public Task LiveKitKilledAndRestarted(bool reconnect = true, CancellationToken ct = default) =>
        Tell("livekit-killed-and-restarted", new LiveKitRestart(reconnect), ct);

    // ---- faults

    public Task Faults(DeliveryFaultPlan plan, CancellationToken ct = default) => Tell("faults", plan, ct);
    public Task ApiFault(ApiFault fault, CancellationToken ct = default) => Tell("api-faults", fault, ct);
    public Task NoApiFaults(CancellationToken ct = default) => Clear("api-faults", ct);

    // ---- what happened

    public Task<IReadOnlyList<Delivery>> Deliveries(CancellationToken ct = default) => See<IReadOnlyList<Delivery>>("deliveries", ct);
    public Task ForgetDeliveries(CancellationToken ct = default) => Clear("deliveries", ct);
    public Task<IReadOnlyList<TwirpCall>> Calls(CancellationToken ct = default) => See<IReadOnlyList<TwirpCall>>("calls", ct);
    public Task ForgetCalls(CancellationToken ct = default) => Clear("calls", ct);
    public Task<IReadOnlyList<SentData>> Data(CancellationToken ct = default) => See<IReadOnlyList<SentData>>("data", ct);
    public Task<Idle> Idle(TimeSpan patience, CancellationToken ct = default) =>
        See<Idle>($"idle?timeoutMs={(int)patience.TotalMilliseconds}", ct);

    private async Task<T> Ask<T>(string story, object request, CancellationToken ct)
    {
        using var response = await http.PostAsJsonAsync($"simulator/{story}", request, Json, ct);
        return await Answer<T>(response, ct);
    }

    private async Task Tell(string story, object request, CancellationToken ct)
    {
        using var response = await http.PostAsJsonAsync($"simulator/{story}", request, Json, ct);
        await Check(response, ct);
    }

    private async Task<T> See<T>(string what, CancellationToken ct)
    {
        using var response = await http.GetAsync(new Uri($"simulator/{what}", UriKind.Relative), ct);
        return await Answer<T>(response, ct);
    }

    private async Task Clear(string what, CancellationToken ct)
    {
        using var response = await http.DeleteAsync(new Uri($"simulator/{what}", UriKind.Relative), ct);
        await Check(response, ct);
    }

    private static async Task<T> Answer<T>(HttpResponseMessage response, CancellationToken ct)
    {
        await Check(response, ct);
        return await response.Content.ReadFromJsonAsync<T>(Json, ct) ?? throw new InvalidOperationException("The simulator answered null.");
    }

    private static async Task Check(HttpResponseMessage response, CancellationToken ct)
    {
        if (response.IsSuccessStatusCode) return;
        var why = await response.Content.ReadAsStringAsync(ct);
        throw new InvalidOperationException($"The simulator answered {(int)response.StatusCode}: {why}");
    }
}
