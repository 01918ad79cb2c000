using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Simulator;

public sealed record Received(IReadOnlyDictionary<string, string> Headers, string Path, byte[] Body, int Answered)
{
    public string Text => Encoding.UTF8.GetString(Body);
    public string Event => JsonDocument.Parse(Body).RootElement.GetProperty("event").GetString()!;
    public string Id => JsonDocument.Parse(Body).RootElement.GetProperty("id").GetString()!;
    public string Authorization => Headers["Authorization"];

    /// <summary>What LiveKit orders events by.</summary>
    public string Key
    {
        get
        {
            var root = JsonDocument.Parse(Body).RootElement;
            return root.TryGetProperty("ingressInfo", out var ingress)
                ? ingress.GetProperty("ingressId").GetString()!
                : root.GetProperty("room").GetProperty("name").GetString()!;
        }
    }
}

/// <summary>A real HTTP server that takes webhooks and answers as it is told.</summary>
public sealed class Receiver : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly ConcurrentQueue<Received> received = new();

    private Receiver(WebApplication app) => this.app = app;

    public Uri Url => new(app.Urls.First() + "/hook");

    public IReadOnlyList<Received> All => [.. received];

    /// <summary>The answer to a request: its status, perhaps after a while, perhaps with more headers.</summary>
    public Func<Received, HttpResponse, Task<int>> Answer { get; set; } = (_, _) => Task.FromResult(200);

    public static async Task<Receiver> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var receiver = new Receiver(builder.Build());
        receiver.app.Run(receiver.Take);
        await receiver.app.StartAsync();
        return receiver;
    }

    public async Task<IReadOnlyList<Received>> Has(int requests)
    {
        await Eventually.True(() => received.Count >= requests, evidence: () => $"Came: {string.Join(", ", All.Select(one => one.Event))}");
        return All;
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private async Task Take(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        var headers = context.Request.Headers
            .ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase);
        var request = new Received(headers, context.Request.Path, body.ToArray(), 0);
        context.Response.StatusCode = await Answer(request, context.Response);
        received.Enqueue(request with { Answered = context.Response.StatusCode });
    }
}
