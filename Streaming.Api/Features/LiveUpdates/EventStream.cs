using System.Reflection;
using System.Text;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.Net.Http.Headers;

namespace Streaming.Api.Features.LiveUpdates;

/// <summary>The answer that does not end: server-sent events, as the HTML standard has them.</summary>
/// <param name="Follower">Who is told.</param>
/// <param name="Beginning">What he is told first.</param>
internal sealed record EventStream(Follower Follower, IReadOnlyList<Piece> Beginning) : IResult, IEndpointMetadataProvider
{
    private const string ContentType = "text/event-stream";

    public static void PopulateMetadata(MethodInfo method, EndpointBuilder builder) => builder.Metadata.Add(new ProducesResponseTypeMetadata(StatusCodes.Status200OK, typeof(string), [ContentType]));

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.ContentType = ContentType;
        response.Headers.CacheControl = "no-store";
        response.Headers["X-Accel-Buffering"] = "no"; // nginx would keep events until it has a few kilobytes of them
        response.Headers.Append(HeaderNames.Vary, HeaderNames.Authorization);
        httpContext.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        await using var gone = httpContext.RequestAborted.UnsafeRegister(static follower => ((Follower)follower!).End(null), Follower);
        try
        {
            await Write(response);
        }
        catch (OperationCanceledException)
        {
            httpContext.Abort(); // too slow, or gone
        }
    }

    private async Task Write(HttpResponse response)
    {
        var (body, last) = (response.BodyWriter, 0L);
        // Not all at once when this replica dies.
        Append(Encoding.ASCII.GetBytes($"retry: {Random.Shared.Next(1000, 5000)}\n\n"));
        foreach (var piece in Beginning) Take(piece);
        do
        {
            while (Follower.Waiting.TryRead(out var piece)) Take(piece);
            if ((await body.FlushAsync(Follower.Cut)).IsCompleted) return;
        }
        while (await Follower.Waiting.WaitToReadAsync(Follower.Cut));

        if (Follower.Ending is not { } why) return;
        Append(Piece.Event(null, "end", $$"""{"code":"{{why.Code}}"}"""));
        await body.FlushAsync(Follower.Cut);

        void Take(Piece piece)
        {
            if (piece.Position > last)
            {
                last = piece.Position;
                Append(piece.Bytes);
            }
            else if (piece.IsBeat) Append(Piece.Comment);
            else if (piece.Position == 0) Append(piece.Bytes);
        }

        void Append(byte[] bytes)
        {
            bytes.CopyTo(body.GetSpan(bytes.Length));
            body.Advance(bytes.Length);
        }
    }
}
