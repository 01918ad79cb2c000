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

    private static readonly byte[] Empty = "{}"u8.ToArray();

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

    private static async Task Answer(HttpContext http, byte[] json)
    {
        http.Response.ContentType = "application/json";
        http.Response.ContentLength = json.Length;
        await http.Response.Body.WriteAsync(json);
    }
}
