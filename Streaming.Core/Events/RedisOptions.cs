using System.ComponentModel.DataAnnotations;
using StackExchange.Redis;

namespace Streaming.Core.Events;

/// <summary>Where Redis is. What is wrong with it is said without repeating it: it holds a password.</summary>
public sealed class RedisOptions : IValidatableObject
{
    public const string Section = "ConnectionStrings";

    /// <summary>As StackExchange.Redis writes it.</summary>
    [Required(ErrorMessage = "ConnectionStrings:redis must say where Redis is.")]
    public string? Redis { get; set; }

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (!IsConnectionString(Redis!)) yield return new("ConnectionStrings:redis must be a connection string of StackExchange.Redis with an address.");
    }

    private static bool IsConnectionString(string text)
    {
        try
        {
            return ConfigurationOptions.Parse(text).EndPoints.Count > 0;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}
