namespace Streaming.Core.Sessions;

/// <summary>Where a channel stands. Media is arriving in <see cref="Live"/> and <see cref="Test"/> only.</summary>
public enum LiveState
{
    /// <summary>It has never been live.</summary>
    Offline,

    /// <summary>The creator is connected, but no media has arrived.</summary>
    Starting,

    /// <summary>Media is arriving now.</summary>
    Live,

    /// <summary>Media stopped, and the same session may still go on.</summary>
    Reconnecting,

    /// <summary>The last session is over.</summary>
    Ended,

    /// <summary>Media is arriving now, and nobody but the creator may see it.</summary>
    Test,
}
