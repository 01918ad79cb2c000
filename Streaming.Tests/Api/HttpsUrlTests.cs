using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Streaming.Api.Http;

namespace Streaming.Tests.Api;

public sealed class HttpsUrlTests
{
    [Theory]
    [InlineData("https://example.com")]
    [InlineData("https://cdn.example.com/a/b.png?w=100&h=50#top")]
    [InlineData("HTTPS://CDN.Example.COM:443/%E2%82%AC.webp")]
    [InlineData("https://1.example.com/")]
    public void Public_https_addresses_are_accepted(string url) => Assert.Null(Complaint(url));

    [Theory]
    [InlineData("")]
    [InlineData("x")]
    [InlineData("/a.png")]
    [InlineData("//example.com/a.png")]
    [InlineData("javascript:alert(1)")]
    [InlineData("data:image/png;base64,AAAA")]
    [InlineData("ftp://x")]
    [InlineData("http://example.com/")]
    [InlineData("http://169.254.169.254/")]
    [InlineData("https://")]
    [InlineData("https:///example.com")]
    [InlineData("https:example.com")]
    [InlineData("https:\\\\example.com")]
    [InlineData(" https://example.com")]
    [InlineData("https://example.com ")]
    [InlineData("https://example.com/\n")]
    [InlineData("https://exa\tmple.com/")]
    [InlineData("https://h@evil.example.com")]
    [InlineData("https://h:p@evil.example.com/")]
    [InlineData("https://example.com\\@evil.example.org/")]
    [InlineData("https://example.com%2f@evil.example.org/")]
    [InlineData("https://example.com:8443/")]
    [InlineData("https://example.com:80/")]
    [InlineData("https://example.com:/")]
    [InlineData("https://127.0.0.1/")]
    [InlineData("https://169.254.169.254/latest")]
    [InlineData("https://127.1/")]
    [InlineData("https://0x7f.1/")]
    [InlineData("https://0x7f000001/")]
    [InlineData("https://2130706433/")]
    [InlineData("https://0177.0.0.1/")]
    [InlineData("https://127.0.0.1./")]
    [InlineData("https://example.com./")]
    [InlineData("https://[::1]/")]
    [InlineData("https://[::ffff:127.0.0.1]/")]
    [InlineData("https://localhost/")]
    [InlineData("https://LOCALHOST/")]
    [InlineData("https://a.localhost/")]
    [InlineData("https://metadata.google.internal/")]
    [InlineData("https://printer.local/")]
    [InlineData("https://intranet/")]
    [InlineData("https://xn--pple-43d.com/")]
    [InlineData("https://www.xn--pple-43d.com/")]
    [InlineData("https://example.xn--p1ai/")]
    [InlineData("https://аpple.com/")] // Cyrillic а
    [InlineData("https://example。com/")] // ideographic full stop
    [InlineData("https://exam_ple.com/")]
    [InlineData("https://-example.com/")]
    [InlineData("https://example..com/")]
    public void Everything_else_is_refused(string url) => Assert.NotNull(Complaint(url));

    [Fact]
    public void Length_is_limited()
    {
        const string start = "https://example.com/";
        Assert.Null(Complaint(start + new string('a', 2048 - start.Length)));
        Assert.NotNull(Complaint(start + new string('a', 2049 - start.Length)));
        Assert.NotNull(Complaint("https://" + string.Concat(Enumerable.Repeat("a.", 200)) + "com/")); // no such host name
    }

    [Fact]
    public void Only_configured_hosts_are_accepted_when_there_are_any()
    {
        Assert.Null(Complaint("https://CDN.example.com/a.png", "cdn.example.com"));
        Assert.NotNull(Complaint("https://example.com/a.png", "cdn.example.com"));
        Assert.NotNull(Complaint("https://cdn.example.com.evil.org/a.png", "cdn.example.com"));
    }

    private static string? Complaint(string url, params string[] hosts)
    {
        using var services = new ServiceCollection().AddSingleton(Options.Create(new HttpOptions { ThumbnailHosts = hosts })).BuildServiceProvider();
        return new HttpsUrlAttribute().GetValidationResult(url, new ValidationContext(new object(), services, items: null))?.ErrorMessage;
    }
}
