namespace Streaming.Core.LiveUpdates;

/// <summary>
/// The kinds of updates that this code writes. Those of live state and of a creator's sessions (<c>stream.state</c>, <c>session.ended</c>, …) are
/// written by the database, in the transaction of what they tell of. docs/live-updates.md shows the body of each.
/// </summary>
public static class UpdateTypes
{
    /// <summary>To a channel: its settings as viewers see them; see <see cref="LiveUpdates.StreamUpdated"/>.</summary>
    public const string StreamUpdated = "stream.updated";

    /// <summary>To a creator: an administrator keeps him off the air.</summary>
    public const string ChannelSuspended = "channel.suspended";

    /// <summary>To a creator: he may broadcast again.</summary>
    public const string ChannelUnsuspended = "channel.unsuspended";

    /// <summary>To an applicant: what became of his application.</summary>
    public const string ApplicationDecided = "application.decided";

    /// <summary>To nobody: whoever follows the channel and is concerned may have lost the right to. Written by the database.</summary>
    public const string Access = "access";

    /// <summary>To nobody: whoever is concerned may see the channel only since now, and is told nothing of before. Written by the database.</summary>
    public const string Opened = "opened";

    /// <summary>Whether it is for the server itself, and no client hears of it.</summary>
    public static bool IsInternal(string type) => type is Access or Opened;

    /// <summary>To a user: somebody he follows went live; see <see cref="WentLive"/>.</summary>
    public const string WentLive = "notice.live";
}
