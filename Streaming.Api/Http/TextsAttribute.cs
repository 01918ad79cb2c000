using System.ComponentModel.DataAnnotations;

namespace Streaming.Api.Http;

/// <summary>A few short texts, each as <see cref="TextAttribute"/> has it.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Parameter)]
public sealed class TextsAttribute(int most, int longest) : ValidationAttribute
{
    private readonly TextAttribute _each = new(1, longest);

    protected override ValidationResult? IsValid(object? value, ValidationContext validationContext) =>
        value is IReadOnlyCollection<string?> texts && Complaint(texts, validationContext) is { } complaint ? new ValidationResult(complaint) : ValidationResult.Success;

    private string? Complaint(IReadOnlyCollection<string?> texts, ValidationContext context) =>
        texts.Count > most ? $"must be at most {most}."
        : texts.Select(text => text is null ? "must not be null." : _each.GetValidationResult(text, context)?.ErrorMessage).FirstOrDefault(c => c is not null) is { } complaint ? $"Each {complaint}"
        : null;
}
