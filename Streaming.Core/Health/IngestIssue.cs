namespace Streaming.Core.Health;

/// <summary>Something that was or is wrong with what a channel's encoder sends. Opened once and closed once.</summary>
public sealed class IngestIssue
{
    private IngestIssue() { }

    public long Id { get; private set; }
    public Guid ChannelId { get; private set; }
    public Guid SessionId { get; private set; }

    /// <summary>One of the catalogue's, <see cref="IssueKind"/>.</summary>
    public string Code { get; private set; } = null!;

    public DateTimeOffset OpenedAt { get; private set; }

    /// <summary>Null while it lasts.</summary>
    public DateTimeOffset? ClosedAt { get; private set; }
}
