using System.ComponentModel.DataAnnotations;

namespace Streaming.WebhookWorker.Reconciling;

/// <summary>When LiveKit is asked what is true. Section <c>Reconciling</c>.</summary>
internal sealed class ReconcilingOptions
{
    public const string Section = "Reconciling";

    /// <summary>Between two looks at every channel that is live or has somebody in it.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:01:00")]
    public TimeSpan Every { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>Until a beginning that no webhook told is seen again, and believed.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:01:00")]
    public TimeSpan ConfirmStartAfter { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Until an end that no webhook told is seen again, and believed.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:01:00")]
    public TimeSpan ConfirmEndAfter { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Between two looks for stream keys that LiveKit does not have as wanted.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:01:00")]
    public TimeSpan KeysEvery { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Calls to LiveKit at once.</summary>
    [Range(1, 64)]
    public int Parallel { get; set; } = 8;
}
