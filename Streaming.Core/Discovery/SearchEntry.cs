namespace Streaming.Core.Discovery;

/// <summary>What a channel is found by. The database writes it, whenever something of it changes; see <c>SearchTriggers</c>.</summary>
public sealed class SearchEntry
{
    private SearchEntry() { }

    public Guid ChannelId { get; private set; }

    /// <summary>Username, title, category and tags in lower case, each word behind one blank and nothing else between them.</summary>
    public string Words { get; private set; } = null!;
}
