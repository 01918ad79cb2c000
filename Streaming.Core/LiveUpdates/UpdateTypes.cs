namespace Streaming.Core.LiveUpdates;

/// <summary>Every kind of update. docs/live-updates.md shows the body of each.</summary>
public static class UpdateTypes
{
    /// <summary>To a channel: its settings as viewers see them; see <see cref="StreamUpdated"/>.</summary>
    public const string StreamUpdated = "stream.updated";
}
