using System.ComponentModel.DataAnnotations;

namespace Streaming.WebhookWorker.Enforcing;

/// <summary>Section <c>Enforcing</c>.</summary>
internal sealed class EnforcingOptions
{
    public const string Section = "Enforcing";

    /// <summary>On how many devices one person may watch a channel: with the next one, the oldest is ended.</summary>
    [Range(1, 1000)]
    public int DevicesPerUser { get; set; } = 5;
}
