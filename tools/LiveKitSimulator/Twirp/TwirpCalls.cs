namespace LiveKitSimulator;

/// <summary>One call that was answered. Holds neither tokens nor bodies.</summary>
/// <param name="Grants">The grants the caller's token held.</param>
/// <param name="Result">"ok", a Twirp error code, or what a fault made of the call.</param>
public sealed record TwirpCall(
    DateTimeOffset At, string Service, string Method, string? Encoding,
    IReadOnlyList<string> Grants, string? Room, int? Status, string Result);

/// <summary>The record of calls, so that tests can count them.</summary>
public sealed class TwirpCalls
{
    private readonly Lock gate = new();
    private readonly List<TwirpCall> calls = [];

    public IReadOnlyList<TwirpCall> All
    {
        get
        {
            lock (gate) return [.. calls];
        }
    }

    public void Add(TwirpCall call)
    {
        lock (gate) calls.Add(call);
    }

    public void Clear()
    {
        lock (gate) calls.Clear();
    }
}
