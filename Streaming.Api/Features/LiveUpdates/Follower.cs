using System.Threading.Channels;
using Streaming.Api.Http;

namespace Streaming.Api.Features.LiveUpdates;

/// <summary>
/// One open stream. What it is told waits here until its connection takes it, and no more than a little: a client that is slower than that is
/// cut off and comes back by the id that he has, which costs the log a look and this process nothing.
/// </summary>
internal sealed class Follower : IDisposable
{
    /// <summary>How much may wait.</summary>
    private const int Most = 256;

    private readonly Channel<Piece> _waiting = System.Threading.Channels.Channel.CreateBounded<Piece>(new BoundedChannelOptions(Most) { SingleReader = true });
    private readonly CancellationTokenSource _cut = new();
    private readonly Lock _turn = new();
    private bool _isOver;

    /// <summary>Which channel he follows; null: what concerns himself.</summary>
    public Guid? Channel { get; init; }

    /// <summary>Null for a guest.</summary>
    public string? User { get; init; }

    /// <summary>It is his own channel.</summary>
    public bool IsOwner { get; set; }

    /// <summary>When he has to show a new token.</summary>
    public DateTimeOffset ExpiresAt { get; init; }

    /// <summary>Where the log ended when he began to follow: up to there he reads it himself, from there on he is told.</summary>
    public long From { get; set; }

    /// <summary>When the next sign of life is due.</summary>
    public DateTimeOffset BeatDueAt { get; set; }

    /// <summary>Why it was ended: what he would be told if he asked anew. Null when there is nothing to say.</summary>
    public ApiError? Ending { get; private set; }

    public ChannelReader<Piece> Waiting => _waiting.Reader;

    /// <summary>He is too slow.</summary>
    public CancellationToken Cut => _cut.Token;

    public void Tell(Piece piece)
    {
        if (_waiting.Writer.TryWrite(piece)) return;
        lock (_turn)
            if (!_isOver) _ = _cut.CancelAsync();
    }

    /// <summary>After what waits.</summary>
    public void End(ApiError? why)
    {
        lock (_turn)
        {
            if (_isOver) return;
            (_isOver, Ending) = (true, why);
            _waiting.Writer.TryComplete();
        }
    }

    public void Dispose()
    {
        lock (_turn)
        {
            _isOver = true;
            _cut.Dispose();
        }
    }
}
