using System.ComponentModel.DataAnnotations;

namespace Streaming.WebhookWorker.Notifying;

/// <summary>How followers are told that somebody went live. Section <c>Notifying</c>.</summary>
internal sealed class NotifyingOptions
{
    public const string Section = "Notifying";

    /// <summary>Between two looks at who went live.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:01:00")]
    public TimeSpan Every { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Followers who are told in one transaction.</summary>
    [Range(1, 10_000)]
    public int BatchSize { get; set; } = 500;

    /// <summary>Between two such transactions, so that the events, which share the database, do not wait for them.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:00:10")]
    public TimeSpan Pause { get; set; } = TimeSpan.FromMilliseconds(50);
}
