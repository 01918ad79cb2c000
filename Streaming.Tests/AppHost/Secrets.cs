namespace Streaming.Tests.AppHost;

/// <summary>A value for each secret of the AppHost that can be told from everything else, wherever it turns up.</summary>
internal static class Secrets
{
    public const string Canary = "CANARY";

    public static readonly string[] Parameters = ["postgres-password", "redis-password", "livekit-api-secret"];

    public static string Of(string parameter) => $"{Canary}{parameter.Replace("-", "", StringComparison.Ordinal)}0123456789abcdef0123456789";

    public static string[] Arguments => [.. Parameters.Select(parameter => $"--Parameters:{parameter}={Of(parameter)}")];
}
