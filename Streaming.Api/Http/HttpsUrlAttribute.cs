using System.ComponentModel.DataAnnotations;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;

namespace Streaming.Api.Http;

/// <summary>
/// An https URL that other people's browsers will open: a public host name, spelled in one way only, so that nothing between us and
/// the browser can read another host in it. When thumbnail hosts are configured (<see cref="HttpOptions.ThumbnailHosts"/>), one of them.
/// </summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Parameter | AttributeTargets.Field)]
public sealed partial class HttpsUrlAttribute : ValidationAttribute
{
    public const int MaxLength = 2048;

    public override bool RequiresValidationContext => true;

    protected override ValidationResult? IsValid(object? value, ValidationContext validationContext)
    {
        var allowed = validationContext.GetService(typeof(IOptions<HttpOptions>)) is IOptions<HttpOptions> options ? options.Value.ThumbnailHosts : [];
        return value is string url && Complaint(url, allowed) is { } complaint ? new ValidationResult(complaint) : ValidationResult.Success;
    }

    internal static string? Complaint(string url, string[] allowedHosts)
    {
        if (url.Length > MaxLength) return $"must have at most {MaxLength} characters.";
        if (Shape().Match(url) is not { Success: true } match) return "must be an https URL with a host name, without user or port.";

        var host = match.Groups["host"].Value.ToLowerInvariant();
        if (host.Length > 253 || IsPrivate(host)) return "must name a public host.";
        if (!Uri.TryCreate(url, UriKind.Absolute, out var parsed) || parsed.Host != host || parsed.UserInfo.Length > 0 || !parsed.IsDefaultPort)
            return "must be an https URL with a host name, without user or port.";
        return allowedHosts.Length == 0 || allowedHosts.Contains(host, StringComparer.OrdinalIgnoreCase) ? null : "must be on a host that this service allows.";
    }

    private static bool IsPrivate(string host) => host.Split('.')[^1] is "localhost" or "internal" or "local";

    // The last label is letters only: that alone excludes every spelling of an IPv4 address (127.1, 0x7f.1, 2130706433, 0177.0.0.1).
    // "xn--" is refused because a punycode host may look like another one. No character that a browser would strip or turn into a slash.
    [GeneratedRegex("""^https://(?<host>((?!xn--)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63})(:443)?([/?#][!#$%&'()*+,\-./0-9:;=?@A-Z_a-z~\[\]]*)?\z""", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Shape();
}
