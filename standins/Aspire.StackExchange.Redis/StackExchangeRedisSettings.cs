namespace Aspire.StackExchange.Redis;

public sealed class StackExchangeRedisSettings
{
    public string? ConnectionString { get; set; }
    public bool DisableHealthChecks { get; set; }

    /// <summary>The package adds spans for Redis commands unless this is set; its stand-in has none.</summary>
    public bool DisableTracing { get; set; }
}
