using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace Streaming.AppHost.Local;

/// <summary>
/// Free loopback ports. The same seed proposes the same ports, so that a system keeps its addresses from one start to the next.
/// </summary>
public sealed class FreePorts(string seed)
{
    // Below Linux' range for outgoing connections (from 32768): none of those can take a port between our look and the server's bind.
    private const int First = 15_000, Last = 32_000;

    private static readonly HashSet<int> HandedOut = [];

    private readonly Random _proposals = new(BitConverter.ToInt32(SHA256.HashData(Encoding.UTF8.GetBytes(seed))));

    public int Next()
    {
        lock (HandedOut)
        {
            while (true)
            {
                var port = _proposals.Next(First, Last);
                if (!HandedOut.Contains(port) && IsFree(port) && HandedOut.Add(port)) return port;
            }
        }
    }

    public static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
