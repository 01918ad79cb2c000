using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Threading.Channels;

namespace Streaming.Tests.Fixtures;

/// <param name="Id">Its own; null for what has no place in the log.</param>
public sealed record ServerSentEvent(long? Id, string Type, JsonElement Data);

/// <summary>One stream of server-sent events, read as the HTML standard says: what a browser's EventSource would make of it.</summary>
public sealed class EventReader : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly HttpResponseMessage _answer;
    private readonly Channel<ServerSentEvent> _events = Channel.CreateUnbounded<ServerSentEvent>();
    private readonly CancellationTokenSource _stop = new();
    private long _comments;

    private EventReader(HttpResponseMessage answer)
    {
        _answer = answer;
        Ended = Task.Run(ReadAll);
    }

    public HttpResponseMessage Answer => _answer;

    /// <summary>What an EventSource would send when it comes back; also a block without data moves it.</summary>
    public string? LastId { get; private set; }

    /// <summary>What the server said it should be waited for before coming back, in milliseconds.</summary>
    public int? Retry { get; private set; }

    public long Comments => Interlocked.Read(ref _comments);

    /// <summary>Once the server has ended it, or the connection broke.</summary>
    public Task Ended { get; }

    /// <param name="lastEventId">Where an earlier stream was cut off.</param>
    public static async Task<EventReader> Open(HttpClient api, string path, string? lastEventId = null)
    {
        var answer = await Ask(api, path, lastEventId);
        if (answer.StatusCode != HttpStatusCode.OK) Assert.Fail($"{(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync()}");
        return new EventReader(answer);
    }

    public static async Task<HttpResponseMessage> Ask(HttpClient api, string path, string? lastEventId = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(path, UriKind.RelativeOrAbsolute));
        request.Headers.Accept.ParseAdd("text/event-stream");
        if (lastEventId is not null) request.Headers.TryAddWithoutValidation("Last-Event-ID", lastEventId);
        return await api.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    /// <summary>The next event, which must come soon; viewer counts come when they like and are left out.</summary>
    public async Task<ServerSentEvent> Next()
    {
        while (true)
        {
            using var patience = new CancellationTokenSource(Patience);
            var next = await _events.Reader.ReadAsync(patience.Token);
            if (next.Type != "viewers") return next;
        }
    }

    /// <summary>The next event, which must be of this type.</summary>
    public async Task<ServerSentEvent> Next(string type)
    {
        var next = await Next();
        Assert.True(next.Type == type, $"{next} instead of {type}");
        return next;
    }

    /// <summary>The next event of this type, whatever comes before it.</summary>
    /// <param name="wanted">Which of them.</param>
    public async Task<ServerSentEvent> Until(string type, Func<JsonElement, bool>? wanted = null)
    {
        var seen = new List<ServerSentEvent>();
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            while (true)
            {
                seen.Add(await _events.Reader.ReadAsync(patience.Token));
                if (seen[^1].Type == type && wanted?.Invoke(seen[^1].Data) is not false) return seen[^1];
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ChannelClosedException)
        {
            Assert.Fail($"No {type}; there were {string.Join(", ", seen)}");
            throw;
        }
    }

    /// <summary>Everything until now.</summary>
    public IReadOnlyList<ServerSentEvent> Waiting()
    {
        var waiting = new List<ServerSentEvent>();
        while (_events.Reader.TryRead(out var next)) waiting.Add(next);
        return waiting;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Ended;
        _answer.Dispose();
        _stop.Dispose();
    }

    private async Task ReadAll()
    {
        try
        {
            using var reader = new StreamReader(await _answer.Content.ReadAsStreamAsync(_stop.Token));
            var (type, data, id, hasId) = ("message", "", LastId, false);
            while (await reader.ReadLineAsync(_stop.Token) is { } line)
            {
                Leaks.AssertNoneIn(line);
                if (line.Length == 0)
                {
                    LastId = id;
                    if (data.Length > 0) _events.Writer.TryWrite(new ServerSentEvent(hasId ? long.Parse(id!, CultureInfo.InvariantCulture) : null, type, JsonDocument.Parse(data).RootElement));
                    (type, data, hasId) = ("message", "", false);
                }
                else if (line[0] == ':') Interlocked.Increment(ref _comments);
                else if (line.Split(": ", 2) is [var field, var value])
                    switch (field)
                    {
                        case "event": type = value; break;
                        case "data": data += value; break;
                        case "id": (id, hasId) = (value, true); break;
                        case "retry": Retry = int.Parse(value, CultureInfo.InvariantCulture); break;
                        default: Assert.Fail($"No field of server-sent events: {line}"); break;
                    }
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or HttpRequestException or ObjectDisposedException)
        {
            // It was cut off, or we closed it.
        }
        finally
        {
            _events.Writer.TryComplete();
        }
    }
}
