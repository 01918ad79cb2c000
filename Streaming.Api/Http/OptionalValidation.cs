#pragma warning disable ASP0029 // the extension points of AddValidation are for evaluation in .NET 10

using System.ComponentModel.DataAnnotations;
using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using Microsoft.Extensions.Validation;

namespace Streaming.Api.Http;

/// <summary>
/// Teaches AddValidation about <see cref="Optional{T}"/>: an attribute on such a member sees the value inside, or is not asked at all when
/// the member is absent; and null is refused unless T is nullable.
/// </summary>
public sealed class OptionalValidation : IValidatableInfoResolver
{
    public static void Register(ValidationOptions options) => options.Resolvers.Insert(0, new OptionalValidation());

    public bool TryGetValidatableTypeInfo(Type type, [NotNullWhen(true)] out IValidatableInfo? validatableInfo)
    {
        var properties = type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.GetIndexParameters().Length == 0).ToArray();
        validatableInfo = properties.Any(p => IsOptional(p.PropertyType)) ? new PartialUpdate(type, [.. properties.Select(p => new Member(type, p))]) : null;
        return validatableInfo is not null;
    }

    public bool TryGetValidatableParameterInfo(ParameterInfo parameterInfo, [NotNullWhen(true)] out IValidatableInfo? validatableInfo)
    {
        validatableInfo = null;
        return false;
    }

    public static bool IsOptional(Type type) => type.IsGenericType && type.GetGenericTypeDefinition() == typeof(Optional<>);

    /// <summary>Whether null clears this member.</summary>
    public static bool IsNullable(PropertyInfo property) => new NullabilityInfoContext().Create(property).GenericTypeArguments[0].WriteState == NullabilityState.Nullable
        || Nullable.GetUnderlyingType(property.PropertyType.GetGenericArguments()[0]) is not null;

    private sealed class PartialUpdate(Type type, IReadOnlyList<ValidatablePropertyInfo> members) : ValidatableTypeInfo(type, members)
    {
        private readonly ValidationAttribute[] _rules = [.. type.GetCustomAttributes<ValidationAttribute>()];

        protected override ValidationAttribute[] GetValidationAttributes() => _rules;
    }

    private sealed class Member(Type type, PropertyInfo property) : ValidatablePropertyInfo(type, property.PropertyType, property.Name, property.Name)
    {
        private readonly ValidationAttribute[] _rules = Rules(type, property);

        protected override ValidationAttribute[] GetValidationAttributes() => _rules;

        private static ValidationAttribute[] Rules(Type type, PropertyInfo property)
        {
            // The attributes of a positional record are on the constructor's parameter.
            var declared = property.GetCustomAttributes<ValidationAttribute>().Concat(type.GetConstructors()
                .SelectMany(c => c.GetParameters()).Where(p => p.Name == property.Name).SelectMany(p => p.GetCustomAttributes<ValidationAttribute>()));
            if (!IsOptional(property.PropertyType)) return [.. declared];

            return [.. declared.Select(rule => new IfGiven(rule)), .. IsNullable(property) ? Array.Empty<ValidationAttribute>() : [new IfGiven(new NotNull())]];
        }
    }

    private sealed class IfGiven(ValidationAttribute rule) : ValidationAttribute
    {
        public override bool RequiresValidationContext => true;

        protected override ValidationResult? IsValid(object? value, ValidationContext validationContext) =>
            value is IOptional { IsGiven: true } given ? rule.GetValidationResult(given.Value, validationContext) : ValidationResult.Success;
    }

    private sealed class NotNull : ValidationAttribute
    {
        protected override ValidationResult? IsValid(object? value, ValidationContext validationContext) =>
            value is null ? new ValidationResult("must not be null: leave it out to keep it as it is.") : ValidationResult.Success;
    }
}
