using System.Text.Json;

namespace Streaming.AppHost.Local;

/// <summary>Where everything is, once everything is ready: what scripts find in .local/run.json.</summary>
public sealed record RunningSystem(string Api, LiveKitServer LiveKit, string Postgres, string Redis, DevelopmentTokens Tokens)
{
    private static readonly JsonSerializerOptions Format = new(JsonSerializerOptions.Web)
    {
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // "+" as "+": people copy from it
    };

    public string OpenApi => Api + "/openapi/v1.json";

    public Task WriteAsync(string path, CancellationToken stop = default) => PrivateFile.WriteAsync(path, JsonSerializer.Serialize(new
    {
        Api,
        Openapi = OpenApi,
        Livekit = new { LiveKit.Url, LiveKit.ApiKey, ApiSecret = LiveKit.ApiSecret.Reveal() },
        Postgres,
        Redis,
        Tokens,
    }, Format) + "\n", stop);
}
