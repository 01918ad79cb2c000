using System.Buffers;

namespace Streaming.Api.Features.Webhooks;

/// <summary>The exact bytes of a request, since a signature is over bytes and not over what a formatter makes of them.</summary>
internal static class RawBody
{
    public static async Task<ReadOnlyMemory<byte>> Read(HttpRequest request, CancellationToken ct)
    {
        var reader = request.BodyReader;
        while (true)
        {
            var read = await reader.ReadAsync(ct);
            if (read.IsCompleted)
            {
                var body = read.Buffer.ToArray();
                reader.AdvanceTo(read.Buffer.End);
                return body;
            }

            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }
}
