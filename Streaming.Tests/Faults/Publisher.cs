using System.Diagnostics;
using System.Net;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Faults;

/// <summary>
/// Delivers webhooks as LiveKit does: of each queue one at a time, the same bytes and token at each of five attempts, again after 5xx, 429
/// and a broken connection and after nothing else, and then it forgets the event. Several addresses are replicas behind a balancer, which turns
/// to the next one where nobody listens.
/// </summary>
public sealed class Publisher(History history, params Uri[] addresses) : IDisposable
{
    /// <summary>What LiveKit waits before each attempt after the first.</summary>
    public static readonly TimeSpan[] LiveKitsPauses = [.. new[] { 1, 2, 4, 8 }.Select(s => TimeSpan.FromSeconds(s))];

    private readonly HttpClient _http = new(new Leaks.OfAnswers(new SocketsHttpHandler { PooledConnectionIdleTimeout = TimeSpan.FromSeconds(5) })) { Timeout = TimeSpan.FromSeconds(30) };
    private readonly WebhookSigner _signer = new();
    private readonly int[] _inFlight = new int[addresses.Length], _accepted = new int[addresses.Length];
    private int _attempts;
    private int _lost;
    private long _nextAt;

    /// <summary>Shorter than LiveKit's where a test has no time.</summary>
    public IReadOnlyList<TimeSpan> Pauses { get; init; } = [.. new[] { 0.1, 0.3, 1, 2 }.Select(TimeSpan.FromSeconds)];

    /// <summary>Deliveries begun in a second, at most.</summary>
    public int PerSecond { get; init; } = 100_000;

    /// <summary>Events that were given up after the fifth attempt.</summary>
    public int GivenUp => _lost;

    /// <summary>Requests on their way to an address.</summary>
    public int InFlight(int address) => Volatile.Read(ref _inFlight[address]);

    /// <summary>Deliveries that an address has accepted.</summary>
    public int Accepted(int address) => Volatile.Read(ref _accepted[address]);

    /// <param name="queues">How many of LiveKit's queues are served at once.</param>
    public Task Send(IEnumerable<Webhook> webhooks, int queues = 32, CancellationToken ct = default)
    {
        Interlocked.Exchange(ref _nextAt, Math.Max(Volatile.Read(ref _nextAt), Stopwatch.GetTimestamp())); // nothing was due before
        return Parallel.ForEachAsync(webhooks.GroupBy(w => w.Queue), new ParallelOptions { MaxDegreeOfParallelism = queues }, async (queue, _) =>
        {
            foreach (var webhook in queue)
            {
                if (ct.IsCancellationRequested) return;
                await Pace();
                await Deliver(webhook);
            }
        });
    }

    /// <returns>Whether LiveKit takes it for delivered.</returns>
    public async Task<bool> Deliver(Webhook webhook)
    {
        var token = _signer.Token(webhook.Body);
        for (var attempt = 0; attempt <= Pauses.Count; attempt++)
        {
            if (attempt > 0) await Task.Delay(Pauses[attempt - 1]);
            if (await Attempt(webhook, token) is not { } status) continue;
            if (status is HttpStatusCode.OK) return true;
            if ((int)status is < 500 and not 429) break;
        }

        Interlocked.Increment(ref _lost);
        return false;
    }

    public void Dispose() => _http.Dispose();

    private async Task<HttpStatusCode?> Attempt(Webhook webhook, string token)
    {
        var started = Stopwatch.GetTimestamp();
        var first = (int)((uint)Interlocked.Increment(ref _attempts) % addresses.Length);
        for (var next = 0; next < addresses.Length; next++)
        {
            var (isListening, status) = await Attempt(webhook, token, (first + next) % addresses.Length, started);
            if (isListening) return status;
        }

        history.Record(webhook, Answer.Failed, Stopwatch.GetElapsedTime(started));
        return null;
    }

    private async Task<(bool IsListening, HttpStatusCode? Status)> Attempt(Webhook webhook, string token, int address, long started)
    {
        using var request = WebhookSigner.Request(webhook.Body, token);
        request.RequestUri = new Uri(addresses[address], WebhookSigner.Endpoint);
        Interlocked.Increment(ref _inFlight[address]);
        try
        {
            using var answer = await _http.SendAsync(request);
            history.Record(webhook, answer.StatusCode == HttpStatusCode.OK ? Answer.Accepted : Answer.Failed, Stopwatch.GetElapsedTime(started));
            if (answer.StatusCode == HttpStatusCode.OK) Interlocked.Increment(ref _accepted[address]);
            return (true, answer.StatusCode);
        }
        catch (HttpRequestException e) when (e.HttpRequestError == HttpRequestError.ConnectionError)
        {
            return (false, null);
        }
        catch (HttpRequestException)
        {
            history.Record(webhook, Answer.Unknown, Stopwatch.GetElapsedTime(started));
            return (true, null);
        }
        finally
        {
            Interlocked.Decrement(ref _inFlight[address]);
        }
    }

    private async Task Pace()
    {
        var mine = Interlocked.Add(ref _nextAt, Stopwatch.Frequency / PerSecond);
        var ahead = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), mine);
        if (ahead > TimeSpan.FromMilliseconds(1)) await Task.Delay(ahead);
    }
}
