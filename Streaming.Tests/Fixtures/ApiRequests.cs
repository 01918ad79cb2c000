using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Streaming.Tests.Fixtures;

/// <summary>Requests as a frontend sends them, and as no frontend would.</summary>
public static class ApiRequests
{
    public static Task<HttpResponseMessage> GetAt(this HttpClient api, string path) => api.GetAsync(new Uri(path, UriKind.Relative));

    public static Task<HttpResponseMessage> PostJson(this HttpClient api, string path, string json) => api.SendBytes(HttpMethod.Post, path, Encoding.UTF8.GetBytes(json));

    public static Task<HttpResponseMessage> PutJson(this HttpClient api, string path, string json) => api.SendBytes(HttpMethod.Put, path, Encoding.UTF8.GetBytes(json));

    /// <param name="body">Exactly these bytes; null for no body.</param>
    public static async Task<HttpResponseMessage> SendBytes(this HttpClient api, HttpMethod method, string path, byte[]? body, string? contentType = "application/json")
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.ContentType = contentType is null ? null : MediaTypeHeaderValue.Parse(contentType);
            request.Headers.ExpectContinue = body.Length > 4096; // or a refusal meets us while we are still sending
        }
        return await api.SendAsync(request);
    }

    /// <summary>The <c>stream</c> of a successful answer.</summary>
    public static async Task<JsonElement> Stream(this Task<HttpResponseMessage> answer) =>
        (await TestCreator.Read(await answer, HttpStatusCode.OK)).GetProperty("stream");
}
