using System.ComponentModel.DataAnnotations;
using Streaming.Core.Streams;

namespace Streaming.Api.Http;

/// <summary>A language as BCP 47 writes it.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Parameter)]
public sealed class LanguageAttribute : ValidationAttribute
{
    protected override ValidationResult? IsValid(object? value, ValidationContext validationContext) =>
        value is string tag && LanguageTag.Of(tag) is null ? new ValidationResult("must be a BCP 47 language tag, such as en or pt-BR.") : ValidationResult.Success;
}
