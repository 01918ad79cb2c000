namespace Streaming.Core.Data;

/// <summary>
/// One query for all who ask while others are under way. Nothing is remembered: whoever asks is answered by a query that began after he asked,
/// so his answer is as fresh as one of his own would be. Who goes away leaves the others theirs; when a query fails, all it was for are told.
/// </summary>
/// <param name="read">
/// Reads what there is of some keys, in one round trip; a key of which there is nothing is left out. No caller cancels it: it needs limits of its own.
/// Keys that would make it fail must not get here, since it would fail for all.
/// </param>
/// <param name="atOnce">Queries at once: more would share less, and with one a single bad connection would stop everybody.</param>
/// <param name="mostKeys">Of one query. Some hundreds take little longer than one.</param>
/// <param name="mostWaiting">Queries that wait. More are asked for than will be answered in time.</param>
public sealed class SharedReads<TKey, TValue>(
    Func<IReadOnlyCollection<TKey>, Task<IReadOnlyDictionary<TKey, TValue>>> read, int atOnce = 2, int mostKeys = 256, int mostWaiting = 400)
    where TKey : notnull
{
    /// <summary>As long as a statement may take.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>While others wait, a query is followed by the next when it is for so many, or after so long: or it would be for two or three of them only.</summary>
    private const int Enough = 8;

    /// <inheritdoc cref="Enough"/>
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(1);

    private readonly Lock _lock = new();
    private readonly Queue<Query> _waiting = [];
    private Query? _last;
    private int _underWay;

    /// <returns>The type's default when there is nothing of this key.</returns>
    /// <exception cref="TimeoutException">It would take too long.</exception>
    public async Task<TValue?> Of(TKey key, CancellationToken ct) =>
        (await Ask(key).WaitAsync(Patience, ct)).TryGetValue(key, out var value) ? value : default;

    private Task<IReadOnlyDictionary<TKey, TValue>> Ask(TKey key)
    {
        Query query;
        lock (_lock)
        {
            if (_underWay == atOnce) return NextFor(key).Answer;
            _underWay++;
            query = new Query(key);
        }

        _ = Work(query);
        return query.Answer;
    }

    /// <summary>The query that begins last of those that wait.</summary>
    private Query NextFor(TKey key)
    {
        if (_last is { Keys: var keys } last && (keys.Count < mostKeys || keys.Contains(key)))
        {
            if (keys.Add(key) && keys.Count == Enough) last.Gathered.SetResult();
            return last;
        }

        if (_waiting.Count == mostWaiting) throw new TimeoutException("Too many are waiting for an answer.");
        _waiting.Enqueue(_last = new Query(key));
        return _last;
    }

    private async Task Work(Query first)
    {
        for (var query = first; query is not null; query = await Next())
        {
            if (query.AskedIn is { } context) ExecutionContext.Restore(context); // its trace, not that of the query before it
            await query.CarryOut(read);
        }
    }

    private async ValueTask<Query?> Next()
    {
        Task gathered;
        lock (_lock)
        {
            if (!_waiting.TryPeek(out var waiting))
            {
                _underWay--;
                return null;
            }

            gathered = waiting.Gathered.Task;
        }

        await gathered.WaitAsync(Gathering).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        lock (_lock)
        {
            if (!_waiting.TryDequeue(out var next)) _underWay--;
            else if (next == _last) _last = null; // it begins: nobody may join it any more
            return next;
        }
    }

    private sealed class Query(TKey first)
    {
        private readonly TaskCompletionSource<IReadOnlyDictionary<TKey, TValue>> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public HashSet<TKey> Keys { get; } = [first];

        /// <summary>It is for enough of them to begin.</summary>
        public TaskCompletionSource Gathered { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public ExecutionContext? AskedIn { get; } = ExecutionContext.Capture();

        public Task<IReadOnlyDictionary<TKey, TValue>> Answer => _answer.Task;

        public async Task CarryOut(Func<IReadOnlyCollection<TKey>, Task<IReadOnlyDictionary<TKey, TValue>>> read)
        {
            try
            {
                _answer.SetResult(await read(Keys));
            }
            catch (Exception e)
            {
                _answer.SetException(e); // whoever waits judges it
            }
        }
    }
}
