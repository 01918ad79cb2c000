namespace Streaming.Core.Social;

/// <summary>One user keeps another away. It works both ways: neither sees, follows or watches the other.</summary>
public sealed class Block
{
    private Block() { }

    public string BlockerId { get; private set; } = null!;
    public string BlockedId { get; private set; } = null!;
    public DateTimeOffset BlockedAt { get; private set; }
}
