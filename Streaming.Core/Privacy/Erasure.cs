namespace Streaming.Core.Privacy;

/// <summary>
/// Someone's wish that we forget him, kept until it is fulfilled and for as long as LiveKit may still tell of him; then even this row
/// does not know any more whose it was.
/// </summary>
public sealed class Erasure
{
    private Erasure() { }

    public Guid Id { get; private set; }

    /// <summary>Null once nothing of him can come back.</summary>
    public string? UserId { get; private set; }

    public DateTimeOffset RequestedAt { get; private set; }

    /// <summary>When his stream was off the air, his keys dead and his data gone.</summary>
    public DateTimeOffset? ErasedAt { get; private set; }

    /// <summary>Who stands in his place where a row must stay. No auth server's id has a colon.</summary>
    public static string Pseudonym(Guid id) => $"erased:{id}";
}
