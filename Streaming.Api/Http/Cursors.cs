using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;
using Streaming.Core.LiveKit;

namespace Streaming.Api.Http;

/// <summary>
/// Where a page ended, in a form that only we can make, and only for the list it is of: nobody asks the database from a place of his own
/// choosing. The key comes from the secret that every replica has anyway, LiveKit's; while that is rotated, both hold.
/// </summary>
public sealed class Cursors
{
    /// <summary>For the attribute of a <c>cursor</c> parameter.</summary>
    public const int MaxLength = 512;

    /// <summary>Enough that nobody guesses one, short enough for an address.</summary>
    private const int SealBytes = 16;

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The first seals; each of them opens.</summary>
    private readonly byte[][] _keys;

    public Cursors(IOptions<LiveKitOptions> options)
    {
        string?[] secrets = [options.Value.ApiSecret, options.Value.PreviousApiSecret];
        _keys = [.. secrets.OfType<string>().Select(secret => HKDF.DeriveKey(HashAlgorithmName.SHA256, Utf8.GetBytes(secret), 32, info: "cursors of lists"u8.ToArray()))];
    }

    /// <param name="list">What the cursor is of, whose it is included where lists are somebody's: <c>$"timeline {id}"</c>.</param>
    /// <param name="position">Where its page ended.</param>
    public string Seal(string list, string position)
    {
        var bytes = Utf8.GetBytes(position);
        return Base64Url.EncodeToString([.. SealOf(_keys[0], list, bytes), .. bytes]);
    }

    /// <returns>The position, or null if this is no cursor of this list: answered with <see cref="Errors.InvalidCursor"/>.</returns>
    public string? Open(string list, string cursor)
    {
        var bytes = new byte[Base64Url.GetMaxDecodedLength(cursor.Length)];
        if (Base64Url.DecodeFromChars(cursor, bytes, out _, out var length) != OperationStatus.Done || length < SealBytes) return null;
        if (Base64Url.EncodeToString(bytes.AsSpan(0, length)) != cursor) return null; // one spelling each: decoding passes over blanks and spare bits

        var (seal, position) = (bytes[..SealBytes], bytes[SealBytes..length]);
        return _keys.Any(key => CryptographicOperations.FixedTimeEquals(SealOf(key, list, position), seal)) ? Utf8.GetString(position) : null;
    }

    private static byte[] SealOf(byte[] key, string list, byte[] position)
    {
        byte[] what = [.. BitConverter.GetBytes(Utf8.GetByteCount(list)), .. Utf8.GetBytes(list), .. position];
        return HMACSHA256.HashData(key, what)[..SealBytes];
    }
}
