namespace Streaming.Core.Discovery;

/// <summary>Channels in the order that a list had at its first page.</summary>
/// <param name="Reasons">Why each is there; null where a list gives no reasons.</param>
public sealed record ListOrder(Guid[] Channels, int[]? Reasons = null)
{
    public Reasons ReasonsAt(int place) => (Reasons)(Reasons?[place] ?? 0);
}

/// <summary>The row of a <see cref="ListOrder"/>, for the shape of its table.</summary>
public sealed class KeptOrder
{
    private KeptOrder() { }

    public Guid Id { get; private set; }
    public DateTimeOffset MadeAt { get; private set; }
    public Guid[] Channels { get; private set; } = [];
    public int[]? Reasons { get; private set; }
}
