namespace Streaming.Core.Streams;

/// <summary>
/// A creator's settings: the <c>stream</c> of the API. It lasts from his first stream key on; broadcasts on it are sessions.
/// Its id is the name of its LiveKit room.
/// </summary>
public sealed class Channel
{
    /// <summary>Longest title, in Unicode code points.</summary>
    public const int TitleMax = 200;

    /// <summary>Longest thumbnail URL, in characters.</summary>
    public const int ThumbnailMax = 2048;

    /// <summary>Longest category, in Unicode code points.</summary>
    public const int CategoryMax = 50;

    /// <summary>How many tags there may be.</summary>
    public const int MostTags = 10;

    /// <summary>Longest tag, in Unicode code points.</summary>
    public const int TagMax = 25;

    /// <summary>How long after a drop the same broadcast may go on, in seconds, unless the creator chose otherwise.</summary>
    public const int DefaultReconnectWindowSeconds = 60;

    /// <summary>The longest reconnect window a creator may choose, in seconds.</summary>
    public const int MaxReconnectWindowSeconds = 1800;

    /// <summary>How long a broadcast may last, in minutes, unless the creator chose otherwise.</summary>
    public const int DefaultMaxDurationMinutes = 720;

    /// <summary>The longest duration a creator may choose, in minutes: two days.</summary>
    public const int MaxMaxDurationMinutes = 2880;

    private Channel() { }

    public Channel(string userId, DateTimeOffset now)
    {
        Id = Guid.CreateVersion7(now);
        UserId = userId;
        Title = "Untitled stream";
        AllowsGuests = true;
        IsChatEnabled = true;
        ReconnectWindowSeconds = DefaultReconnectWindowSeconds;
        MaxDurationMinutes = DefaultMaxDurationMinutes;
        CreatedAt = now;
        UpdatedAt = now;
    }

    public Guid Id { get; private set; }
    public string UserId { get; private set; } = null!;
    public string Title { get; private set; } = null!;

    /// <summary>An https URL, never fetched by us; null when the creator set none.</summary>
    public string? Thumbnail { get; private set; }

    /// <summary>What it is about, in the creator's words; null when he said nothing.</summary>
    public string? Category { get; private set; }

    /// <summary>What is spoken, as <see cref="LanguageTag"/> writes it; null when he said nothing.</summary>
    public string? Language { get; private set; }

    /// <summary>In the creator's order and spelling; none twice, whatever the case.</summary>
    public IReadOnlyList<string> Tags { get; private set; } = [];

    /// <summary>Not for everybody's eyes: the lists show it to those alone who ask for such.</summary>
    public bool IsMature { get; private set; }

    /// <summary>Who may find and watch it.</summary>
    public Visibility Visibility { get; private set; }

    /// <summary>Whether those may watch who are not signed in.</summary>
    public bool AllowsGuests { get; private set; }

    public bool IsChatEnabled { get; private set; }
    public bool IsChatDelayed { get; private set; }
    public bool IsChatFollowersOnly { get; private set; }
    public int ReconnectWindowSeconds { get; private set; }

    /// <summary>A broadcast that lasts longer is ended.</summary>
    public int MaxDurationMinutes { get; private set; }

    /// <summary>What happens when publishers fight over a key.</summary>
    public ContestRule OnContest { get; private set; }

    public DateTimeOffset CreatedAt { get; private set; }
    public DateTimeOffset UpdatedAt { get; private set; }

    /// <summary>When its creator was forgotten. Its history stays; whatever LiveKit still tells of it has no effect.</summary>
    public DateTimeOffset? ErasedAt { get; private set; }

    public void Retitle(string title, DateTimeOffset now)
    {
        if (title == Title) return;
        Title = title;
        UpdatedAt = now;
    }

    public void ShowThumbnail(string? url, DateTimeOffset now)
    {
        if (url == Thumbnail) return;
        Thumbnail = url;
        UpdatedAt = now;
    }

    /// <summary>Says what it is about.</summary>
    /// <param name="language">As <see cref="LanguageTag"/> writes it.</param>
    public void Describe(string? category, string? language, IReadOnlyList<string> tags, bool isMature, DateTimeOffset now)
    {
        var others = tags.DistinctBy(t => t.ToLowerInvariant()).ToArray();
        if ((category, language, isMature) == (Category, Language, IsMature) && string.Join('\n', others) == string.Join('\n', Tags)) return;
        (Category, Language, IsMature) = (category, language, isMature);
        Tags = others;
        UpdatedAt = now;
    }

    public void ShowTo(Visibility visibility, DateTimeOffset now)
    {
        if (visibility == Visibility) return;
        Visibility = visibility;
        UpdatedAt = now;
    }

    public void AllowGuests(bool allowed, DateTimeOffset now)
    {
        if (allowed == AllowsGuests) return;
        AllowsGuests = allowed;
        UpdatedAt = now;
    }

    /// <summary>Changes the chat rules; what is null stays as it is.</summary>
    public void SetChatRules(bool? enabled, bool? delayed, bool? followersOnly, DateTimeOffset now)
    {
        var before = (IsChatEnabled, IsChatDelayed, IsChatFollowersOnly);
        IsChatEnabled = enabled ?? IsChatEnabled;
        IsChatDelayed = delayed ?? IsChatDelayed;
        IsChatFollowersOnly = followersOnly ?? IsChatFollowersOnly;
        if (before != (IsChatEnabled, IsChatDelayed, IsChatFollowersOnly)) UpdatedAt = now;
    }

    /// <summary>Changes the limits of a broadcast; what is null stays as it is. A session that has begun keeps its reconnect window.</summary>
    public void LimitBroadcasts(int? reconnectWindowSeconds, int? maxDurationMinutes, ContestRule? onContest, DateTimeOffset now)
    {
        var before = (ReconnectWindowSeconds, MaxDurationMinutes, OnContest);
        ReconnectWindowSeconds = reconnectWindowSeconds ?? ReconnectWindowSeconds;
        MaxDurationMinutes = maxDurationMinutes ?? MaxDurationMinutes;
        OnContest = onContest ?? OnContest;
        if (before != (ReconnectWindowSeconds, MaxDurationMinutes, OnContest)) UpdatedAt = now;
    }
}

/// <summary>What happens when publishers fight over a key.</summary>
public enum ContestRule
{
    /// <summary>The creator is told, and the newest publisher goes on.</summary>
    Alert,

    /// <summary>The broadcast is ended and the key disabled until the creator enables it again.</summary>
    Disable,
}
