using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace Streaming.Tests.Fixtures;

/// <summary>A creator and what he sees of the API.</summary>
public sealed class TestCreator(string userId, HttpClient api)
{
    public string UserId => userId;

    /// <summary>Asks the API as him.</summary>
    public HttpClient Api => api;

    /// <summary>The key of the last ingress made.</summary>
    public string StreamKey { get; private set; } = "";

    public string IngressId { get; private set; } = "";

    public async Task<JsonElement> CreateIngress(string ingressType = "RTMP")
    {
        using var answer = await api.PostAsJsonAsync("/api/stream/ingress", new { ingressType });
        var body = await Read(answer, HttpStatusCode.Created);
        (IngressId, StreamKey) = (body.GetProperty("ingressId").GetString()!, body.GetProperty("streamKey").GetString()!);
        return body;
    }

    /// <returns>Whether there is a new key; whatever else the answer may be, it is no.</returns>
    public async Task<bool> TryCreateIngress()
    {
        using var answer = await api.PostAsync(new Uri("/api/stream/ingress", UriKind.Relative), null);
        if (answer.StatusCode != HttpStatusCode.Created) return false;
        var body = await Read(answer, HttpStatusCode.Created);
        (IngressId, StreamKey) = (body.GetProperty("ingressId").GetString()!, body.GetProperty("streamKey").GetString()!);
        return true;
    }

    public async Task<JsonElement> Status() => await Read(await api.GetAsync(new Uri("/api/stream/status", UriKind.Relative)), HttpStatusCode.OK);

    public async Task<bool> IsLive() => (await Status()).GetProperty("isLive").GetBoolean();

    public async Task<string> State() => (await Status()).GetProperty("state").GetString()!;

    public async Task<long> ViewerCount() => (await Status()).GetProperty("viewerCount").GetInt64();

    public async Task<JsonElement> Info() => (await Read(await api.GetAsync(new Uri("/api/stream/info", UriKind.Relative)), HttpStatusCode.OK)).GetProperty("stream");

    /// <summary>The name of his LiveKit room.</summary>
    public async Task<string> Room() => (await Info()).GetProperty("id").GetString()!;

    /// <summary>The body of an answer that must have this status; the failure shows the body.</summary>
    public static async Task<JsonElement> Read(HttpResponseMessage answer, HttpStatusCode expected)
    {
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.StatusCode == expected, $"{(int)answer.StatusCode} instead of {(int)expected}: {text}");
        return text.Length == 0 ? default : JsonDocument.Parse(text).RootElement;
    }

    /// <summary>The code of an error that must have this status and the one shape.</summary>
    public static async Task<string> Code(HttpResponseMessage answer, HttpStatusCode expected)
    {
        var body = await Read(answer, expected);
        Assert.False(body.GetProperty("success").GetBoolean());
        Assert.NotEmpty(body.GetProperty("error").GetString()!);
        Assert.NotEmpty(body.GetProperty("traceId").GetString()!);
        return body.GetProperty("code").GetString()!;
    }
}
