using System.ComponentModel.DataAnnotations;

namespace Streaming.WebhookWorker.Consuming;

/// <summary>How the worker reads and applies events. Section <c>Consuming</c>.</summary>
internal sealed class ConsumingOptions
{
    public const string Section = "Consuming";

    /// <summary>Transactions at once, each about other channels. More than there are cores: one waits for the disk while another computes.</summary>
    [Range(1, 16)]
    public int Lanes { get; set; } = 4;

    /// <summary>Events in one transaction, at most.</summary>
    [Range(1, 5000)]
    public int BatchSize { get; set; } = 2000;

    /// <summary>Events that one worker holds at once, at most: those being applied, and those read for when they are.</summary>
    [Range(1, 100_000)]
    public int InHand { get; set; } = 10_000;

    /// <summary>How long a consumer may hold an entry before another takes it over: it died, or is stuck.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:10:00")]
    public TimeSpan Lease { get; set; } = TimeSpan.FromSeconds(30);

    [Range(typeof(TimeSpan), "00:00:00.050", "00:01:00")]
    public TimeSpan ClaimEvery { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>The pause after the queue was found empty.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:00:05")]
    public TimeSpan IdlePause { get; set; } = TimeSpan.FromMilliseconds(50);

    /// <summary>Attempts at one event with a healthy database before it is a dead letter.</summary>
    [Range(1, 20)]
    public int MaxAttempts { get; set; } = 5;

    /// <summary>Hand-outs of one entry before it is taken to crash the worker and becomes a dead letter untried.</summary>
    [Range(2, 1000)]
    public int MaxDeliveries { get; set; } = 20;
}
