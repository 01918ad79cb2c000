using System.ComponentModel.DataAnnotations;

namespace Streaming.Api.Features.Applications;

/// <summary>Section <c>CreatorApplications</c>.</summary>
public sealed class ApplicationOptions : IValidatableObject
{
    public const string Section = "CreatorApplications";

    /// <summary>How long after a rejection or a revocation a user may apply again.</summary>
    public TimeSpan CoolDown { get; set; } = TimeSpan.FromDays(7);

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) =>
        CoolDown < TimeSpan.Zero || CoolDown > TimeSpan.FromDays(3650) ? [new ValidationResult("CreatorApplications:CoolDown must be between 0 and 3650 days.")] : [];
}
