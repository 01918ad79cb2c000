using System.Buffers.Text;
using System.Text;

namespace Streaming.Api.Http;

/// <summary>Where a page ended, in a form that nobody builds anything on.</summary>
internal static class Cursor
{
    public static string Encode(string position) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(position));

    /// <exception cref="BadHttpRequestException">It is not one of ours: answered with 400.</exception>
    public static string Decode(string cursor)
    {
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(Base64Url.DecodeFromChars(cursor));
        }
        catch (Exception e) when (e is FormatException or ArgumentException)
        {
            throw new BadHttpRequestException("The cursor is not one of ours.", e);
        }
    }
}
