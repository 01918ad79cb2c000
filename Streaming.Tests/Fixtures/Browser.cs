using System.Net;
using System.Net.Sockets;

namespace Streaming.Tests.Fixtures;

/// <summary>Somebody who is not signed in, at an address of this machine's own choosing.</summary>
public static class Browser
{
    /// <param name="address">In 127.0.0.0/8, all of which is this machine.</param>
    /// <param name="cookie">What it sends of itself with each request.</param>
    public static HttpClient At(string address, Uri api, string? cookie = null)
    {
        var browser = new HttpClient(new Leaks.OfAnswers(new SocketsHttpHandler
        {
            UseCookies = false,
            AllowAutoRedirect = false,
            ConnectCallback = async (context, ct) =>
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                socket.Bind(new IPEndPoint(IPAddress.Parse(address), 0));
                await socket.ConnectAsync(context.DnsEndPoint, ct);
                return new NetworkStream(socket, ownsSocket: true);
            },
        }))
        { BaseAddress = api };
        if (cookie is not null) browser.DefaultRequestHeaders.Add("Cookie", cookie);
        return browser;
    }
}
