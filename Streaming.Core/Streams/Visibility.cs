namespace Streaming.Core.Streams;

/// <summary>Who may find and watch a channel.</summary>
public enum Visibility
{
    /// <summary>Everybody; it is in the lists.</summary>
    Public,

    /// <summary>Everybody who knows its address; it is in no list.</summary>
    Unlisted,

    /// <summary>Those who follow the creator.</summary>
    Followers,

    /// <summary>Those whom the creator has let in; to others it looks as if it did not exist.</summary>
    Private,

    /// <summary>The creator alone: he tries out his set-up. To others it looks as if it did not exist.</summary>
    Test,
}
