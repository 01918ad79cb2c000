using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Streaming.Tests.Fixtures;

/// <summary>A wire that can be cut, frozen and slowed down, between one of our processes and a server.</summary>
public sealed class TcpProxy : IAsyncDisposable
{
    private readonly int _target;
    private readonly ConcurrentDictionary<TcpClient, TcpClient> _connections = [];
    private TcpListener? _listener;
    private volatile TaskCompletionSource? _frozen;

    public TcpProxy(int target)
    {
        _target = target;
        Port = TestPorts.Next();
        Restore();
    }

    public int Port { get; }

    /// <summary>How long every piece of data takes more, in each direction.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>Ends every connection with a reset and refuses new ones.</summary>
    public void Cut()
    {
        _listener?.Stop();
        _listener = null;
        CutConnections();
    }

    /// <summary>Ends every connection with a reset; new ones are welcome.</summary>
    public void CutConnections()
    {
        foreach (var (client, server) in _connections)
        {
            _connections.TryRemove(client, out _);
            Reset(client);
            Reset(server);
        }
    }

    /// <summary>Accepts connections again.</summary>
    public void Restore()
    {
        if (_listener is not null) return;
        _listener = new TcpListener(IPAddress.Loopback, Port);
        _listener.Start();
        _ = AcceptAsync(_listener);
    }

    /// <summary>Connections stay open, and nothing comes through.</summary>
    public void Freeze() => _frozen ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Thaw() => Interlocked.Exchange(ref _frozen, null)?.SetResult();

    public ValueTask DisposeAsync()
    {
        Cut();
        Thaw();
        return ValueTask.CompletedTask;
    }

    private static void Reset(TcpClient connection)
    {
        try
        {
            connection.LingerState = new LingerOption(true, 0);
        }
        catch (Exception gone) when (gone is SocketException or ObjectDisposedException or NullReferenceException)
        {
            // Its other end was faster.
        }
        connection.Dispose();
    }

    private async Task AcceptAsync(TcpListener listener)
    {
        try
        {
            while (true) _ = ServeAsync(await listener.AcceptTcpClientAsync());
        }
        catch (Exception stopped) when (stopped is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // Cut.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var server = new TcpClient();
        try
        {
            _connections[client] = server;
            client.NoDelay = server.NoDelay = true;
            await server.ConnectAsync(IPAddress.Loopback, _target);
            await Task.WhenAny(PumpAsync(client, server), PumpAsync(server, client));
        }
        catch (Exception away) when (away is SocketException or ObjectDisposedException)
        {
            // The server is away, or the wire was cut: so are we.
        }
        finally
        {
            _connections.TryRemove(client, out _);
            client.Dispose();
        }
    }

    private async Task PumpAsync(TcpClient from, TcpClient to)
    {
        try
        {
            var buffer = new byte[16 * 1024];
            while (await from.GetStream().ReadAsync(buffer) is > 0 and var count)
            {
                if (Delay > TimeSpan.Zero) await Task.Delay(Delay);
                if (_frozen is { } frozen) await frozen.Task;
                await to.GetStream().WriteAsync(buffer.AsMemory(0, count));
            }
        }
        catch (Exception cut) when (cut is IOException or ObjectDisposedException or InvalidOperationException)
        {
        }
    }
}
