using System.ComponentModel.DataAnnotations;

namespace Streaming.WebhookWorker.Broadcasting;

/// <summary>When running broadcasts are looked after. Section <c>Broadcasting</c>.</summary>
internal sealed class BroadcastingOptions
{
    public const string Section = "Broadcasting";

    /// <summary>Between two looks at what the rules ask for: limits, keys to enable and disable, publishers to remove.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:00:10")]
    public TimeSpan RulesEvery { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Between two looks at what LiveKit says of the encoders.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:01:00")]
    public TimeSpan HealthEvery { get; set; } = TimeSpan.FromSeconds(15);
}
