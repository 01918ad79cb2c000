using System.Net;
using System.Net.Sockets;
using System.Text;
using Streaming.AppHost.Local;

namespace Bench.Load;

/// <summary>
/// One kept HTTP/1.1 connection on a plain socket: load generator and server share the machine, so what is spent here is missing there.
/// It knows as much of HTTP as Kestrel answers with.
/// </summary>
internal sealed class HttpConnection : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _buffer = new byte[256 * 1024]; // a page of a list has some dozens of kilobytes

    public static async Task<HttpConnection> OpenAsync(Uri server)
    {
        var connection = new HttpConnection();
        await connection._socket.ConnectAsync(IPAddress.Parse(server.Host), server.Port);
        return connection;
    }

    /// <summary>Sends a whole request and reads the whole answer, which must be 200.</summary>
    /// <returns>The answer, until the next request.</returns>
    public async Task<ReadOnlyMemory<byte>> AskAsync(ReadOnlyMemory<byte> request)
    {
        await _socket.SendAsync(request);
        var length = 0;
        do
        {
            var read = await _socket.ReceiveAsync(_buffer.AsMemory(length));
            if (read == 0) throw new SetupException("A server closed the connection instead of answering.");
            length += read;
        }
        while (!IsWhole(_buffer.AsSpan(0, length)));

        if (!_buffer.AsSpan(0, length).StartsWith("HTTP/1.1 200 "u8))
            throw new SetupException($"A server did not answer 200: {Encoding.UTF8.GetString(_buffer, 0, length).ReplaceLineEndings(" ")}");
        return _buffer.AsMemory(0, length);
    }

    public void Dispose() => _socket.Dispose();

    private static bool IsWhole(ReadOnlySpan<byte> answer)
    {
        var headersEnd = answer.IndexOf("\r\n\r\n"u8);
        if (headersEnd < 0) return false;

        var headers = answer[..(headersEnd + 2)];
        var contentLength = headers.IndexOf("\r\nContent-Length: "u8);
        if (contentLength < 0) return answer.EndsWith("\r\n0\r\n\r\n"u8); // chunked: nothing follows the last chunk, since nothing else is asked

        var value = headers[(contentLength + "\r\nContent-Length: ".Length)..];
        return answer.Length == headersEnd + 4 + int.Parse(value[..value.IndexOf((byte)'\r')], provider: null);
    }
}
