using Microsoft.Net.Http.Headers;

namespace Streaming.Api.Http;

/// <summary>Versions of what an answer shows. A change whose <c>If-Match</c> names another than the present one would undo what its caller has not seen.</summary>
public static class ETags
{
    /// <param name="version">The row's <c>xmin</c>: another after each change of it.</param>
    public static string Of(uint version) => $"\"{version}\"";

    /// <param name="ifMatch">The header; null when there is none, which allows every change. What is no ETag allows none.</param>
    public static bool Allows(string? ifMatch, uint version) =>
        ifMatch is null || (EntityTagHeaderValue.TryParseStrictList([ifMatch], out var named)
            && named.Any(tag => tag.Equals(EntityTagHeaderValue.Any) || (!tag.IsWeak && tag.Tag == Of(version))));
}
