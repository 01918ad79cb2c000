using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using Streaming.AppHost.Local;

namespace Bench.Load;

/// <summary>One client of a stream of server-sent events: a socket and no more, so that two thousand of them cost the machine little.</summary>
internal sealed partial class EventListener : IDisposable
{
    private readonly Socket _socket;
    private readonly ConcurrentDictionary<int, TaskCompletionSource<long>> _heard = [];

    private EventListener(Socket socket) => _socket = socket;

    public static async Task<EventListener> OpenAsync(Uri server, string path, CancellationToken stop)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(server.Host, server.Port, stop);
        await socket.SendAsync(Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: {server.Authority}\r\nAccept: text/event-stream\r\n\r\n"), stop);
        var listener = new EventListener(socket);
        var begun = new TaskCompletionSource();
        _ = listener.ListenAsync(begun);
        await begun.Task.WaitAsync(TimeSpan.FromSeconds(30), stop);
        return listener;
    }

    /// <summary>When it was told of this change.</summary>
    public Task<long> HeardAsync(int change, CancellationToken stop) => At(change).Task.WaitAsync(TimeSpan.FromSeconds(30), stop);

    public void Dispose() => _socket.Dispose();

    private TaskCompletionSource<long> At(int change) => _heard.GetOrAdd(change, _ => new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously));

    private async Task ListenAsync(TaskCompletionSource begun)
    {
        var buffer = new byte[2048];
        var rest = "";
        try
        {
            for (int count; (count = await _socket.ReceiveAsync(buffer)) > 0;)
            {
                var now = Stopwatch.GetTimestamp();
                var text = rest + Encoding.UTF8.GetString(buffer, 0, count);
                if (!begun.Task.IsCompleted)
                {
                    if (text.StartsWith("HTTP/1.1 200", StringComparison.Ordinal)) begun.TrySetResult();
                    else begun.TrySetException(new SetupException($"No stream of events: {text}"));
                }

                foreach (Match change in Change().Matches(text)) At(int.Parse(change.Groups[1].ValueSpan, null)).TrySetResult(now);
                rest = text[Math.Max(text.LastIndexOf('\n') + 1, text.Length - 1000)..];
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            begun.TrySetException(new SetupException("A stream of events was cut off."));
        }
    }

    [GeneratedRegex("change (-?[0-9]+);")]
    private static partial Regex Change();
}
