using System.Globalization;
using System.Text;
using Streaming.Core.LiveUpdates;

namespace Streaming.Api.Features.LiveUpdates;

/// <summary>A block of a stream of server-sent events, written once for all who get it.</summary>
/// <param name="Position">In the log; 0 for what has no place there: it is not told again to those who missed it.</param>
/// <param name="IsBeat">A sign of life. With a position it says how far the client has been told everything, so that coming back after a quiet day he is no stranger.</param>
internal readonly record struct Piece(long Position, byte[] Bytes, bool IsBeat = false)
{
    /// <summary>A comment: no client sees it, and no proxy takes the connection for dead.</summary>
    public static readonly byte[] Comment = ":\n\n"u8.ToArray();

    public static Piece Of(LoggedUpdate update) => new(update.Position, Event(update.Position, update.Type, update.Body));

    public static Piece BeatAt(long position) => new(position, Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"id: {position}\n:\n\n")), IsBeat: true);

    /// <param name="json">In one line, which ours always is: the framing is not to be broken from inside.</param>
    public static byte[] Event(long? position, string type, string json)
    {
        var id = position is { } known ? string.Create(CultureInfo.InvariantCulture, $"id: {known}\n") : "";
        return Encoding.UTF8.GetBytes($"{id}event: {type}\ndata: {json}\n\n");
    }
}
