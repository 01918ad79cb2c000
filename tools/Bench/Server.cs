using System.Diagnostics;
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

    public Task StopAsync() => process.StopAsync(TimeSpan.FromSeconds(30));

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
