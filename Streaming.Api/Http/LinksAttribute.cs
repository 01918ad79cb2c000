using System.ComponentModel.DataAnnotations;

namespace Streaming.Api.Http;

/// <summary>A few https URLs that people will open: each as <see cref="HttpsUrlAttribute"/> has it, on whatever host.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Parameter)]
public sealed class LinksAttribute(int most) : ValidationAttribute
{
    protected override ValidationResult? IsValid(object? value, ValidationContext validationContext) =>
        value is IReadOnlyCollection<string?> links && Complaint(links) is { } complaint ? new ValidationResult(complaint) : ValidationResult.Success;

    private string? Complaint(IReadOnlyCollection<string?> links) =>
        links.Count > most ? $"must have at most {most} links."
        : links.Select(link => link is null ? "must not be null." : HttpsUrlAttribute.Complaint(link, [])).FirstOrDefault(c => c is not null) is { } complaint ? $"Each link {complaint}"
        : null;
}
