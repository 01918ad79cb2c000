using System.ComponentModel.DataAnnotations;

namespace Streaming.WebhookWorker.Housekeeping;

/// <summary>Section <c>DatabaseRoles</c>: the logins of API and worker, where they are others than the one that migrates.</summary>
internal sealed class DatabaseRoleOptions
{
    public const string Section = "DatabaseRoles";

    private const string Name = "^[a-z_][a-z0-9_]{0,62}$";

    [RegularExpression(Name, ErrorMessage = "DatabaseRoles:Api must be a role's name of lower-case letters, digits and underscores.")]
    public string? Api { get; set; }

    [RegularExpression(Name, ErrorMessage = "DatabaseRoles:Worker must be a role's name of lower-case letters, digits and underscores.")]
    public string? Worker { get; set; }
}
