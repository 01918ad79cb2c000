using System.ComponentModel.DataAnnotations;

namespace Streaming.Core.LiveKit;

/// <summary>Where LiveKit is, and the key pairs shared with it. Section <c>LiveKit</c>.</summary>
public sealed class LiveKitOptions : IValidatableObject
{
    public const string Section = "LiveKit";

    /// <summary>HMAC-SHA256 is only as strong as its key.</summary>
    public const int MinSecretBytes = 32;

    /// <summary>LiveKit's own address as the API reaches it: http, https, ws or wss.</summary>
    [Required(ErrorMessage = "LiveKit:Url must be LiveKit's address.")]
    public Uri? Url { get; set; }

    /// <summary>The address given to clients, ws or wss, when it differs from <see cref="Url"/>.</summary>
    public Uri? PublicUrl { get; set; }

    [Required(ErrorMessage = "LiveKit:ApiKey must be the API key shared with LiveKit.")]
    public string? ApiKey { get; set; }

    [Required(ErrorMessage = "LiveKit:ApiSecret must be the secret of LiveKit:ApiKey.")]
    public string? ApiSecret { get; set; }

    /// <summary>The pair before a rotation: webhooks signed with it are still accepted, nothing is signed with it.</summary>
    public string? PreviousApiKey { get; set; }

    public string? PreviousApiSecret { get; set; }

    /// <summary>How long one call to LiveKit may take before its outcome counts as unknown.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:01:00", ErrorMessage = "LiveKit:CallTimeout must lie between 0.1 seconds and 1 minute.")]
    public TimeSpan CallTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>For RPCs: the http(s) form of <see cref="Url"/>.</summary>
    public Uri HttpUrl => WithScheme(Url, "http", "https");

    /// <summary>For clients: the ws(s) form.</summary>
    public Uri ClientUrl => WithScheme(PublicUrl ?? Url, "ws", "wss");

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Url is { IsAbsoluteUri: false } || Url is { Scheme: not ("http" or "https" or "ws" or "wss") })
            yield return new ValidationResult("LiveKit:Url must be an http, https, ws or wss address.");
        if (PublicUrl is { IsAbsoluteUri: false } || PublicUrl is { Scheme: not ("http" or "https" or "ws" or "wss") })
            yield return new ValidationResult("LiveKit:PublicUrl must be an http, https, ws or wss address.");
        if (ApiSecret is not null && System.Text.Encoding.UTF8.GetByteCount(ApiSecret) < MinSecretBytes)
            yield return new ValidationResult($"LiveKit:ApiSecret must be at least {MinSecretBytes} bytes long.");
        if (PreviousApiKey is null != PreviousApiSecret is null)
            yield return new ValidationResult("LiveKit:PreviousApiKey and LiveKit:PreviousApiSecret go together.");
        if (PreviousApiSecret is not null && System.Text.Encoding.UTF8.GetByteCount(PreviousApiSecret) < MinSecretBytes)
            yield return new ValidationResult($"LiveKit:PreviousApiSecret must be at least {MinSecretBytes} bytes long.");
    }

    // Validation reads every property, also of options that lack an address: it must get as far as saying so.
    private static Uri WithScheme(Uri? url, string plain, string secure) => url is not { IsAbsoluteUri: true } ? null!
        : new UriBuilder(url) { Scheme = url.Scheme is "https" or "wss" ? secure : plain, Port = url.IsDefaultPort ? -1 : url.Port }.Uri;
}
