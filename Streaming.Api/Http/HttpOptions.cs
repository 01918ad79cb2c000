using System.ComponentModel.DataAnnotations;
using System.Net;

namespace Streaming.Api.Http;

/// <summary>How the API meets the outside world. Everything is closed until it is named here.</summary>
public sealed class HttpOptions : IValidatableObject
{
    public const string Section = "Http";

    /// <summary>The exact origins of the frontends that may call from a browser, such as <c>https://www.example.com</c>.</summary>
    public string[] CorsOrigins { get; set; } = [];

    /// <summary>The proxies whose X-Forwarded-For and X-Forwarded-Proto are believed: addresses or networks, such as <c>10.0.0.0/8</c>.</summary>
    public string[] KnownProxies { get; set; } = [];

    /// <summary>The only hosts that thumbnails may be on. Empty: any public host.</summary>
    public string[] ThumbnailHosts { get; set; } = [];

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (var origin in CorsOrigins.Where(o => !IsOrigin(o)))
            yield return new($"Http:CorsOrigins has \"{origin}\", which is not an exact origin such as https://www.example.com.");
        foreach (var proxy in KnownProxies.Where(p => !IPAddress.TryParse(p, out _) && !IPNetwork.TryParse(p, out _)))
            yield return new($"Http:KnownProxies has \"{proxy}\", which is neither an IP address nor a network such as 10.0.0.0/8.");
    }

    private static bool IsOrigin(string origin) =>
        Uri.TryCreate(origin, UriKind.Absolute, out var uri)
        && (uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp && uri.IsLoopback))
        && uri.GetLeftPart(UriPartial.Authority) == origin
        && !origin.Contains('*');
}
