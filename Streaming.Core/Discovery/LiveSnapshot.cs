namespace Streaming.Core.Discovery;

/// <summary>Who was live at one moment, the same for every replica.</summary>
/// <param name="Id">Names it, and with it the orders that cursors go on in.</param>
/// <param name="MadeAt">By the clock of whoever made it.</param>
/// <param name="Channels">Most watched first.</param>
public sealed record LiveSnapshot(Guid Id, DateTimeOffset MadeAt, IReadOnlyList<ChannelCard> Channels)
{
    private Dictionary<Guid, ChannelCard>? _byId;

    /// <returns>Null when it is not live, or not for everybody.</returns>
    public ChannelCard? Find(Guid channel) => (_byId ??= Channels.ToDictionary(c => c.Id)).GetValueOrDefault(channel);

    /// <summary>What a cursor names that begins with this snapshot.</summary>
    public Guid OrderId(LiveSort sort) => sort == LiveSort.Recent ? Beside(Id) : Id;

    /// <summary>The order that <see cref="ListOrders"/> has under that id, or had.</summary>
    public ListOrder Order(LiveSort sort) => new(
        [.. (sort == LiveSort.Recent ? Channels.OrderByDescending(c => c.StartedAt).ThenBy(c => c.Id) : Channels.AsEnumerable()).Select(c => c.Id)]);

    private static Guid Beside(Guid id)
    {
        var bytes = id.ToByteArray();
        bytes[^1] ^= 1;
        return new Guid(bytes);
    }
}

/// <summary>In which order those come who are live.</summary>
public enum LiveSort
{
    /// <summary>Most watched first.</summary>
    Viewers,

    /// <summary>The latest to begin first.</summary>
    Recent,

    /// <summary>By chance, and another order each second or so.</summary>
    Random,
}
