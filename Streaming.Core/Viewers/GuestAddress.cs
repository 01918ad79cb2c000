namespace Streaming.Core.Viewers;

/// <summary>
/// That a guest came from somewhere: known as a keyed hash alone, and for thirty days. So that whoever is banned as a guest is banned as the
/// next guest from there too.
/// </summary>
public sealed class GuestAddress
{
    /// <summary>Since he last came with this pass from there for the first time.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromDays(30);

    private GuestAddress() { }

    /// <summary>As in <see cref="Presence.Person"/>.</summary>
    public string Person { get; private set; } = null!;

    public string Address { get; private set; } = null!;

    public DateTimeOffset NotedAt { get; private set; }
}
