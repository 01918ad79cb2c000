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

    /// <summary>The JSON last: who waits for it finds both.</summary>
    public async Task WriteAsync(Instance instance, CancellationToken stop = default)
    {
        await PrivateFile.WriteAsync(instance.EnvironmentFile, $"""
            export API={Api}
            export CREATOR={Tokens.Creator}
            export VIEWER={Tokens.Viewer}
            export ADMIN={Tokens.Admin}
            export SIMULATOR_URL={LiveKit.Url}

            """, stop);
        await PrivateFile.WriteAsync(instance.RunFile, JsonSerializer.Serialize(new
        {
            Api,
            Openapi = OpenApi,
            Livekit = new { LiveKit.Url, LiveKit.ApiKey, ApiSecret = LiveKit.ApiSecret.Reveal() },
            Postgres,
            Redis,
            Tokens,
        }, Format) + "\n", stop);
    }
}
