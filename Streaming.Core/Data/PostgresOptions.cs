using System.ComponentModel.DataAnnotations;
using Npgsql;

namespace Streaming.Core.Data;

/// <summary>Where Postgres is. What is wrong with it is said without repeating it: it holds a password.</summary>
public sealed class PostgresOptions : IValidatableObject
{
    public const string Section = "ConnectionStrings";

    /// <summary>As Npgsql writes it.</summary>
    [Required(ErrorMessage = "ConnectionStrings:streamingdb must say where Postgres is.")]
    public string? StreamingDb { get; set; }

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (!IsConnectionString(StreamingDb!)) yield return new("ConnectionStrings:streamingdb must be a connection string of Npgsql with a Host.");
    }

    private static bool IsConnectionString(string text)
    {
        try
        {
            return new NpgsqlConnectionStringBuilder(text).Host is not null;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}
