using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using StackExchange.Redis;
using Streaming.Core.LiveKit;

namespace Bench;

/// <summary>
/// Kestrel and Redis with next to nothing in between: what our endpoints are compared with. It makes the same promise as they do (a good
/// signature, and on Redis' disk before the answer) and none of the others.
/// </summary>
internal static class BareServer
{
    public const string Verb = "bare";
    public const string StreamKey = "bench:bare";
    public const string ValueKey = "bench:value";
    public const string Events = "/events";
    public const string Tell = "/tell";

    private static readonly byte[] Empty = "{}"u8.ToArray();

    private static byte[]? _kept;

    private static readonly ConcurrentDictionary<HttpResponse, byte> Listening = [];

    public static async Task RunAsync(CancellationToken stop)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        var app = builder.Build();
        var settings = app.Configuration;
        var connecting = RedisClient.ConnectAsync(settings.GetConnectionString("redis")!); // its start does not wait for it: ours need not either
        var signature = new WebhookSignature(Options.Create(settings.GetSection(LiveKitOptions.Section).Get<LiveKitOptions>()!), TimeProvider.System);
        app.Run(async http => await (http.Request.Path.Value switch
        {
            "/intake" => Take(http, signature, (await connecting).GetDatabase()),
            "/value" => Give(http, (await connecting).GetDatabase()),
            "/kept" => Answer(http, _kept ??= (byte[])(await (await connecting).GetDatabase().StringGetAsync(ValueKey))!),
            Events => Hold(http),
            Tell => TellAll(http),
            _ => Task.CompletedTask, // it is alive
        }));
        await app.RunAsync(stop);
    }

    private static async Task Take(HttpContext http, WebhookSignature signature, IDatabase redis)
    {
        var body = new byte[http.Request.ContentLength!.Value];
        await http.Request.Body.ReadExactlyAsync(body, http.RequestAborted);
        if (signature.Verify(body, http.Request.Headers.Authorization) is not null)
        {
            http.Response.StatusCode = StatusCodes.Status401Unauthorized;
            return;
        }

        await redis.StreamAddAsync(StreamKey, "body", body);
        await Answer(http, Empty);
    }

    private static async Task Give(HttpContext http, IDatabase redis) => await Answer(http, (byte[])(await redis.StringGetAsync(ValueKey))!);

    /// <summary>A stream that knows nobody and nothing.</summary>
    private static async Task Hold(HttpContext http)
    {
        http.Response.ContentType = "text/event-stream";
        await http.Response.Body.FlushAsync();
        Listening.TryAdd(http.Response, 0);
        await Task.Delay(Timeout.Infinite, http.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Listening.TryRemove(http.Response, out _);
    }

    /// <summary>The bytes of the request to all of them.</summary>
    private static async Task TellAll(HttpContext http)
    {
        using var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body);
        await Task.WhenAll(Listening.Keys.Select(async response => await response.BodyWriter.WriteAsync(body.ToArray())));
    }

    private static async Task Answer(HttpContext http, byte[] json)
    {
        http.Response.ContentType = "application/json";
        http.Response.ContentLength = json.Length;
        await http.Response.Body.WriteAsync(json);
    }
}
