using System.Diagnostics;
using System.Text;
using Bench.Load;
using Streaming.AppHost.Local;

namespace Bench;

/// <summary>A server process under load.</summary>
internal sealed class Server(ChildProcess process, Uri address)
{
    public Uri Address => address;

    /// <summary>One round of prepared requests, each answered 200, or there is no figure.</summary>
    public async Task<Measured> LoadAsync(Func<int, ReadOnlyMemory<byte>> request, int requests, BenchOptions options)
    {
        var connections = await Task.WhenAll(Enumerable.Range(0, options.Connections).Select(_ => HttpConnection.OpenAsync(address)));
        try
        {
            var before = ProcessorTime();
            var measured = await ClosedLoop.RunAsync([.. connections.Select<HttpConnection, Func<int, Task>>(c => number => c.AskAsync(request(number)))], requests, options.Round);
            return measured with { Processor = ProcessorTime() - before };
        }
        catch (SetupException problem)
        {
            throw new SetupException(problem.Message + process.EndOfLog());
        }
        finally
        {
            foreach (var connection in connections) connection.Dispose();
        }
    }

    /// <summary>Every request once, as fast as they are answered.</summary>
    /// <returns>The answers as text, headers included, in the order of the requests.</returns>
    public async Task<string[]> AskAllAsync(IReadOnlyList<byte[]> requests, BenchOptions options)
    {
        var answers = new string[requests.Count];
        var next = -1;
        await Task.WhenAll(Enumerable.Range(0, options.Connections).Select(async _ =>
        {
            using var connection = await HttpConnection.OpenAsync(address);
            while (Interlocked.Increment(ref next) is var number && number < requests.Count)
                answers[number] = Encoding.UTF8.GetString((await connection.AskAsync(requests[number])).Span);
        }));
        return answers;
    }

    /// <summary>The JSON of an answer, chunked or not.</summary>
    public static string BodyOf(string answer) => answer[answer.IndexOf('{', StringComparison.Ordinal)..(answer.LastIndexOf('}') + 1)];

    /// <summary>A request to this server as a whole.</summary>
    public byte[] Get(string path, string? token = null) => Encoding.ASCII.GetBytes(
        $"GET {path} HTTP/1.1\r\nHost: {address.Authority}\r\nAccept: application/json\r\n{(token is null ? "" : $"Authorization: Bearer {token}\r\n")}\r\n");

    /// <inheritdoc cref="Get"/>
    public byte[] Post(string path, string json) => Encoding.UTF8.GetBytes(
        $"POST {path} HTTP/1.1\r\nHost: {address.Authority}\r\nContent-Type: application/json\r\nContent-Length: {Encoding.UTF8.GetByteCount(json)}\r\n\r\n{json}");

    public Task StopAsync() => process.StopAsync(TimeSpan.FromSeconds(30));

    /// <summary>Resident now.</summary>
    public long MemoryMegabytes
    {
        get
        {
            using var running = Process.GetProcessById(process.Id);
            return running.WorkingSet64 >> 20;
        }
    }

    public long PeakMemoryMegabytes
    {
        get
        {
            using var running = Process.GetProcessById(process.Id);
            return running.PeakWorkingSet64 >> 20;
        }
    }

    public TimeSpan ProcessorTime()
    {
        using var running = Process.GetProcessById(process.Id);
        return running.TotalProcessorTime;
    }
}
