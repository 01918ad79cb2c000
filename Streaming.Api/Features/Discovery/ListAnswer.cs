using System.Buffers;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.Net.Http.Headers;

namespace Streaming.Api.Features.Discovery;

/// <summary>
/// A page of a list, as bytes that may have been made for others already. It may be kept by whoever got it, who asks with its ETag whether it
/// still is so, and is then sent nothing.
/// </summary>
/// <param name="items">All of the body but the cursor and what closes it.</param>
public sealed class ListAnswer(ReadOnlyMemory<byte> items, string? nextCursor, string etag) : IResult, IEndpointMetadataProvider
{
    private static readonly int None = "{\"items\":[]".Length;

    public bool IsEmpty => items.Length == None;

    /// <summary>Of the items alone: whose the cursor is makes no other page. Weak, for that reason.</summary>
    /// <param name="epoch">Changes often enough that nobody keeps a page until its cursor is over.</param>
    public static string ETagOf(ReadOnlySpan<byte> items, long epoch)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(items, hash);
        return $"W/\"{Convert.ToHexStringLower(hash[..12])}-{epoch:x}\"";
    }

    public static void PopulateMetadata(MethodInfo method, EndpointBuilder builder)
    {
        builder.Metadata.Add(new ProducesResponseTypeMetadata(StatusCodes.Status200OK, typeof(ChannelList), ["application/json"]));
        builder.Metadata.Add(new ProducesResponseTypeMetadata(StatusCodes.Status304NotModified, typeof(void)));
    }

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var (request, response) = (httpContext.Request.Headers, httpContext.Response);
        response.Headers.ETag = etag;
        response.Headers.CacheControl = "private, no-cache";
        response.Headers.Append(HeaderNames.Vary, HeaderNames.Authorization);
        if (request.IfNoneMatch.Count > 0 && request.IfNoneMatch.ToString() is var known && (known == "*" || known.Contains(etag[2..], StringComparison.Ordinal)))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        response.ContentType = "application/json; charset=utf-8";
        var end = Encoding.ASCII.GetBytes(nextCursor is null ? "}" : $",\"nextCursor\":\"{nextCursor}\"}}");
        response.ContentLength = items.Length + end.Length;
        response.BodyWriter.Write(items.Span);
        response.BodyWriter.Write(end);
        await response.BodyWriter.FlushAsync(httpContext.RequestAborted);
    }
}
