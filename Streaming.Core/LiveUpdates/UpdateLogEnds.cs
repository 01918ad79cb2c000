namespace Streaming.Core.LiveUpdates;

/// <summary>Where the log of updates begins and ends: one row. Every position is given under its lock.</summary>
public sealed class UpdateLogEnds
{
    private UpdateLogEnds() { }

    /// <summary>Always 1.</summary>
    public int Id { get; private set; }

    /// <summary>The last position that was given.</summary>
    public long Head { get; private set; }

    /// <summary>The last position whose update is no longer kept. Whoever has seen it, or a later one, can be told exactly what followed.</summary>
    public long Forgotten { get; private set; }
}
