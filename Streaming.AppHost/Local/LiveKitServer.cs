namespace Streaming.AppHost.Local;

/// <summary>The LiveKit that the system works with: the simulator, or a real one.</summary>
public sealed record LiveKitServer(string Url, string ApiKey, Secret ApiSecret)
{
    private static readonly string[] Variables = ["LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET"];

    /// <summary>The real one that the environment names, all or nothing; null when it names none.</summary>
    public static LiveKitServer? FromEnvironment(Func<string, string?> variable)
    {
        var values = Variables.Select(name => variable(name) is { Length: > 0 } value ? value : null).ToArray();
        if (values is [{ } url, { } key, { } secret]) return new LiveKitServer(url, key, new Secret(secret));
        if (values is [null, null, null]) return null;

        var missing = Variables.Where((_, index) => values[index] is null);
        throw new SetupException($"To use a real LiveKit set {string.Join(", ", Variables)}; missing: {string.Join(", ", missing)}.");
    }
}
