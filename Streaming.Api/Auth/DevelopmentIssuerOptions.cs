using System.ComponentModel.DataAnnotations;

namespace Streaming.Api.Auth;

/// <summary>Tokens for local work, where there is no auth server.</summary>
public sealed class DevelopmentIssuerOptions : IValidatableObject
{
    public const string Section = "DevelopmentIssuer";
    public const string RefusedInProduction = "DevelopmentIssuer is refused in Production: it gives a token for any user to whoever asks.";

    public bool Enabled { get; set; }

    /// <summary>Where its private key is kept, so that tokens outlive a restart. Made if missing.</summary>
    public string? KeyFile { get; set; }

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Enabled && string.IsNullOrWhiteSpace(KeyFile)) yield return new("DevelopmentIssuer:KeyFile must say where to keep the development issuer's key.");
    }

    /// <summary>When it is enabled and no auth server is named, its tokens are the ones accepted.</summary>
    public void ApplyTo(SessionTokenOptions tokens)
    {
        if (!Enabled || tokens.JwksUrl is not null) return;
        tokens.Issuer ??= DevelopmentIssuer.Name;
        tokens.Audience ??= DevelopmentIssuer.Name;
    }
}
