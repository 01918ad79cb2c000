using System.ComponentModel.DataAnnotations;

namespace Streaming.WebhookWorker.Housekeeping;

/// <summary>Section <c>Administrators</c>.</summary>
internal sealed class AdministratorOptions
{
    public const string Section = "Administrators";

    /// <summary>The user whom <c>--migrate</c> makes an administrator when there is none yet.</summary>
    [StringLength(64, MinimumLength = 1)]
    public string? FirstUserId { get; set; }
}
